"""A node of the video-surveillance network platform."""

__version__ = "0.1.0"

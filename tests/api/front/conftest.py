"""The recorded files that playback's tests use."""

from tests.playback.conftest import day

__all__ = ["day"]

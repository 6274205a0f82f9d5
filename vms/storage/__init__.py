"""Volumes, segment files and the seals inside them. Knows no camera, no stream and no database."""

"""Simulated cameras: clips, frame marks, block codes and an RTSP server that plays them in step with the wall clock."""

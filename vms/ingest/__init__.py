"""Cameras in: from an order to a Stream. The asyncio shell around rtsp and media; the only place that dials a camera."""

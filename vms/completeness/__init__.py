"""Recording completeness (录像完整率): how much of the planned time is recorded, per camera and local day, and why the rest is not."""

"""Registration of points: the requests that change and show the register, and how each camera is right now."""

"""Real processes, real PostgreSQL, simulated and foreign cameras; everything through the outside contract."""

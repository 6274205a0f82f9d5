"""Who did what: an intent row before each act, chained within a second, spooled while the database is away."""

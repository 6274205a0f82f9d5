"""Clock, time, ids, errors, database, journal, tasks, log, secrets. Knows no video."""

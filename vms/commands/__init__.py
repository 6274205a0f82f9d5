"""Commands beside a node: check, probe, doctor. From options to an answer; the command line prints it."""

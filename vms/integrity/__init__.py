"""Minute roots over the chain of records, signed and stamped, and what a stranger needs to verify them."""

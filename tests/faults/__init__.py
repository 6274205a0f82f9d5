"""The fault harness: what fails, where and how often, and what must hold afterwards (docs/ref/faults.md)."""

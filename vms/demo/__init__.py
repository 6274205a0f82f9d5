"""`vms demo`: one node with simulated cameras, minutes of past and a one-time link, for who wants to see it work."""

"""Benchmarks of a running node: its processes as `vms serve` starts them, through the interfaces of the contract."""

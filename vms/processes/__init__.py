"""What runs where: root, control, worker, edge. Wiring only; what they do lives in the features."""

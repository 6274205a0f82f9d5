"""Saved views of the wall and tours: who keeps which cameras in which tiles, for himself or for all."""

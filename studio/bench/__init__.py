"""Measurements with targets; each module has ``run() -> dict`` of the same shape."""

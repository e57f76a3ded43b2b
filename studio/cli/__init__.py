"""``python -m studio``: every verb that a page has, without a browser."""

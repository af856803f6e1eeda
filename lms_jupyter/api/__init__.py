"""What a notebook can ask for in Python; the magics stand on it."""

"""What the office does to the roster."""

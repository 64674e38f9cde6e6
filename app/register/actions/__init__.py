"""What the office does to the register."""

"""What the office does about families, and families about the office."""

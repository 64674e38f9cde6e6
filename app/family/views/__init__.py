"""The doors of the family page, and of the office behind it."""

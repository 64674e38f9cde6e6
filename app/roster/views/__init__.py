"""The doors of the roster: students, and those who belong to them."""

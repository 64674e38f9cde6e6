"""The admin's doors, a file a noun."""

"""The help desk's doors, a file a noun."""

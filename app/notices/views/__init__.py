"""The mail room's doors, a file a noun."""

"""The mail room's nouns, a file a table."""

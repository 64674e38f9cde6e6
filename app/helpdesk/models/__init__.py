"""The help desk's nouns, a file a table."""

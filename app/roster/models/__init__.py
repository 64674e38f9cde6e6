"""The roster's nouns, a file a table."""

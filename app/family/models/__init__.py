"""The nouns of the family page, a file a table."""

"""The operator's own doors, outside every district."""

"""The night staff."""

"""The mail room's verbs."""

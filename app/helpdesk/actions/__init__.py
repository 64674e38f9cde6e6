"""The help desk's verbs, a file each."""

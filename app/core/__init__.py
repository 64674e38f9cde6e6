"""The foundation: each file is one mechanism, and the only one of its kind."""

"""The doors of signing in, a file a noun."""

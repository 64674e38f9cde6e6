"""Start reading at app/factory.py."""

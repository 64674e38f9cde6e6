"""The mail room: every message that leaves the house, what became of it, and how it is sent."""

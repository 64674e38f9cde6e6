"""What an admin does that touches several rooms."""

"""What a notice says, before it is anybody's: placeholders, how easily it reads, what it must say. Pure functions."""

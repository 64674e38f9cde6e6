"""What operators do: sign in, and ask to be let in."""

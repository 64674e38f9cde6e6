"""The hall: what every view of every room uses."""

"""What laws and contracts ask after a notice reached the wrong person: data, and a pure calculation."""

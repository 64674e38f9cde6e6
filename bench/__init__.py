"""How quick it is, measured against the same rows served with no more than they need."""

"""What the admin's pages are about. No tables of its own: the rooms below keep them."""

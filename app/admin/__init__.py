"""A district's own settings: people and roles, schools and rooms, switches, mail, and the audit log."""

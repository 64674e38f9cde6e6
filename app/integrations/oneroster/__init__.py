"""OneRoster: what student information systems say of schools and staff. No database, no network: files alone."""

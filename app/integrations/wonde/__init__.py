"""Wonde: what the information systems of schools in the United Kingdom, Australia and South Africa say of people."""

"""Operators, their sessions and their log: tables that no district's role can read."""

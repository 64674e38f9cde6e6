"""Groupcall Xporter on Demand: what the information systems of schools in the United Kingdom say of people."""

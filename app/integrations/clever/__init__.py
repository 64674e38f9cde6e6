"""Clever: attendance records, and the students and sections that they are about."""

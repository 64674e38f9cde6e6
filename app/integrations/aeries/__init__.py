"""Aeries API v5: absence codes, calendars, enrollments and attendance."""

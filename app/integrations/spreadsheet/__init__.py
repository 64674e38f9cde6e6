"""A spreadsheet of staff, saved as CSV, whatever its columns are called."""

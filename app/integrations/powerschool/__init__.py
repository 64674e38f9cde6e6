"""PowerSchool SIS: attendance, its codes, calendars, periods and enrollments, table by table."""

"""Ed-Fi ODS / API: attendance events, calendars and enrollments."""

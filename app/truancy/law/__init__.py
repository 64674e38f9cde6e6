"""The law as data, and what follows from it for a student: pure functions, without database, web or clock."""

"""What the office and the admins fill in about mail, texts and notices, a file a noun."""

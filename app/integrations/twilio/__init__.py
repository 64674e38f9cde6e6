"""Twilio: text messages to families and staff, what becomes of them, and who answers STOP."""

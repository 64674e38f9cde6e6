"""Mailgun: mail leaves by its API, and what came back is told by its signed events."""

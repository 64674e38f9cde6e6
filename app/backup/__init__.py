"""Backup, restore and upgrade. Start reading at taking.py; docs/backup.md says it to an operator."""

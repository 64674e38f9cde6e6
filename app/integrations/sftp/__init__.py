"""Files on an SFTP server, read and never written: whatever they are about."""

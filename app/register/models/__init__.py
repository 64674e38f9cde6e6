"""The register's nouns, a file a table."""

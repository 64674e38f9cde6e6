"""A register's file that lies ready at an address of the district's, fetched by HTTPS."""

"""What is kept: the ports that services see, the tables, and the SQL adapters between."""

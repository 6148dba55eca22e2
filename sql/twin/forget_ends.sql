-- Drops the tables that values were written into. For superusers, on our own cluster.
DROP SCHEMA {schema} CASCADE

-- Lets sessions of the weak owner count scans and make temporary tables, as migrations do. For superusers, on our own
-- cluster.
ALTER ROLE pgtune_owner SET track_counts = on;
GRANT TEMPORARY ON DATABASE {database} TO pgtune_owner

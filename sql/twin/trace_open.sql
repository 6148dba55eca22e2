-- Lets sessions of the weak owner count scans and make temporary tables, as migrations do, and look for rows in tables
-- alone: the keys in our indexes have none. For superusers, on our own cluster.
ALTER ROLE pgtune_owner SET track_counts = on;
ALTER ROLE pgtune_owner SET enable_indexonlyscan = off;
GRANT TEMPORARY ON DATABASE {database} TO pgtune_owner

-- Counts the relations of users: fewer than there were means that some were dropped. For every role, with any
-- search_path.
SELECT pg_catalog.count(*)
  FROM pg_catalog.pg_class c
 WHERE c.oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid

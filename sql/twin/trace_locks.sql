-- Reads the locks that this session holds on relations of users. For every role; its names cannot be led astray by the
-- session's search_path, which a migration may have set.
SELECT l.relation, l.mode
  FROM pg_catalog.pg_locks l
 WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
   AND l.granted
   AND l.relation OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid

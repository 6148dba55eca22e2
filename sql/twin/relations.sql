-- Reads the relations of the twin that have a file, and indexes above partitions, which have none. For superusers.
SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, m.amname::text AS method,
       pg_relation_filepath(c.oid) AS path
  FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_am m ON m.oid = c.relam
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'm', 'p', 'i', 'I')
   AND n.nspname !~ '^pg_(toast|temp)'
 ORDER BY c.oid

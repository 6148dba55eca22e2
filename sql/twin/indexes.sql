-- Reads indexes by name, and those that hang below them on partitions, with their files. For superusers.
WITH RECURSIVE found (asked, oid) AS (
  SELECT a.number, c.oid
    FROM unnest(%(schemas)s::text[], %(names)s::text[]) WITH ORDINALITY AS a (schema, name, number)
         JOIN pg_namespace n ON n.nspname = a.schema
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.name AND c.relkind IN ('i', 'I')
   UNION ALL
  SELECT f.asked, i.inhrelid
    FROM found f
         JOIN pg_inherits i ON i.inhparent = f.oid
)
SELECT f.asked::int AS asked, c.oid, c.relname::text AS name, i.indrelid AS relation, n.nspname::text AS schema, t.relname::text AS table,
       pg_relation_filepath(c.oid) AS path
  FROM found f
       JOIN pg_index i ON i.indexrelid = f.oid
       JOIN pg_class c ON c.oid = f.oid
       JOIN pg_class t ON t.oid = i.indrelid
       JOIN pg_namespace n ON n.oid = t.relnamespace
 ORDER BY f.asked, c.oid

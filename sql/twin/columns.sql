-- Reads the columns of user tables by the numbers that they have on the twin, also with a name that changes. For
-- superusers.
SELECT c.oid AS relation, a.attnum AS number, a.attname::text AS name, t.typcategory::text AS category,
       a.atthasmissing AS filled
  FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'p', 'm')
   AND n.nspname !~ '^pg_(toast|temp)'

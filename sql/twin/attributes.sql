-- Reads the columns of user tables and the attributes of their indexes: where in pg_statistic they belong. For superusers.
SELECT n.nspname::text AS schema, c.relname::text AS relation, a.attname::text AS attribute,
       c.oid AS relid, a.attnum AS number, a.atttypid AS type, a.attcollation AS collation
  FROM pg_attribute a
       JOIN pg_class c ON c.oid = a.attrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'p', 'm', 'i', 'I')
   AND a.attnum > 0
   AND NOT a.attisdropped
   AND n.nspname !~ '^pg_toast'

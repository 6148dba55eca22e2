-- Reads what the planning role may not see: schemas, and tables and views in them. For superusers.
SELECT n.nspname::text AS schema, c.relname::text AS name
  FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.oid >= 16384
   AND c.relkind IN ('r', 'p', 'm', 'v')
   AND n.nspname !~ '^pg_(toast|temp)'
   AND NOT (has_table_privilege('pgtune_planner', c.oid, 'SELECT, UPDATE')
            AND has_schema_privilege('pgtune_planner', n.oid, 'USAGE'))

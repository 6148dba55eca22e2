-- Reads where the tables of a schema have their files, by name. For superusers.
SELECT relname::text, pg_relation_filepath(oid)
  FROM pg_class
 WHERE relnamespace = %(schema)s::text::regnamespace
   AND relkind = 'r'

-- Puts relations into other schemas, as if they had been made there. For superusers, on our own cluster.
UPDATE pg_class c
   SET relnamespace = n.oid
  FROM unnest(%(oids)s::oid[], %(schemas)s::text[]) AS m (oid, schema)
       JOIN pg_namespace n ON n.nspname = m.schema
 WHERE c.oid = m.oid

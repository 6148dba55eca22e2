-- Reads what objects are called, for a sentence. For every role.
select n.class, n.oid, pg_describe_object(n.class::regclass, n.oid, 0) as text
  from unnest(%(classes)s::text[], %(oids)s::oid[]) as n (class, oid)

-- Reads how long the main files are now, in bytes. For every role; each relation must be unlocked for the moment.
select c.oid, pg_relation_size(c.oid) as bytes
  from pg_class c
 where c.oid = any (%(relations)s::oid[])
   and c.oid <> all (%(skipped)s::oid[])
   and c.relkind in ('r', 'm', 'i', 't')

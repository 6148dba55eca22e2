-- Reads how many levels B-trees have above their leaves, from their first page. For superusers, with pageinspect;
-- each index must be unlocked for the moment. Unlogged ones have no page to read on a standby.
select c.oid, m.fastlevel as height
  from pg_class c
       join pg_am a on a.oid = c.relam and a.amname = 'btree'
       cross join lateral {schema}.bt_metap(c.oid::regclass::text) m
 where c.oid = any (%(relations)s::oid[])
   and c.oid <> all (%(skipped)s::oid[])
   and c.relkind = 'i'
   and c.relpersistence = 'p'

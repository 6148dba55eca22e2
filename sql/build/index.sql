-- Reads what an index is now: its definition, whether it is valid and whether a constraint rests on it. For anybody.
select pg_get_indexdef(i.indexrelid) as definition, i.indisvalid as valid, pg_relation_size(i.indexrelid) as bytes,
       (select k.conname::text from pg_constraint k
         where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') limit 1) as constraint,
       i.indisreplident as replica_identity
  from pg_index i
 where i.indexrelid = to_regclass(%(name)s)

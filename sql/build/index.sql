-- Reads what an index is now: its definition, whether it is valid and whether a constraint rests on it. For anybody.
-- An index on a partitioned table is as large as its parts together.
select pg_get_indexdef(i.indexrelid) as definition, i.indisvalid as valid, c.relkind = 'I' as partitioned,
       coalesce((select sum(pg_relation_size(t.relid)) from pg_partition_tree(i.indexrelid) as t),
                pg_relation_size(i.indexrelid))::bigint as bytes,
       (select k.conname::text from pg_constraint k
         where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') limit 1) as constraint,
       i.indisreplident as replica_identity
  from pg_index i join pg_class c on c.oid = i.indexrelid
 where i.indexrelid = to_regclass(%(name)s)

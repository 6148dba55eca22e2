-- Reads the partitions of a table, each with its parent; nothing for an ordinary table. Anybody may read it.
select n.nspname::text as schema, c.relname::text as name, t.isleaf as leaf, t.level,
       pn.nspname::text as parent_schema, p.relname::text as parent, c.relkind::text as kind
  from pg_partition_tree(to_regclass(%(name)s)) as t
       join pg_class c on c.oid = t.relid
       join pg_namespace n on n.oid = c.relnamespace
       join pg_class p on p.oid = t.parentrelid
       join pg_namespace pn on pn.oid = p.relnamespace
 where t.level > 0
 order by t.level, 1, 2

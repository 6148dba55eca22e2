-- Reads indexes. For every role. Each definition needs its table unlocked, if only for the moment.
-- A key's operator class and collation are named where they are not the default of its type.
select i.indexrelid as oid, i.indrelid as relation, n.nspname::text as schema, c.relname::text as name,
       c.relkind::text as kind, m.amname::text as method, pg_get_indexdef(i.indexrelid) as definition,
       (select array_agg(pg_get_indexdef(i.indexrelid, k, false) order by k)
          from generate_series(1, i.indnkeyatts::int) k) as keys,
       (select array_agg(a.attname::text order by k)
          from generate_series(i.indnkeyatts + 1, i.indnatts::int) k
               join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[k - 1]) as include,
       pg_get_expr(i.indpred, i.indrelid) as predicate,
       i.indisunique as is_unique, i.indisprimary as is_primary, i.indisvalid as valid, i.indisclustered as is_clustered,
       i.indisreplident as replica_identity, i.indisexclusion as excludes,
       k.conname::text as constraint_name,
       c.reloptions as options, c.relpages as relpages, c.reltuples::float8 as tuples,
       (select array_agg(quote_ident(o.nspname) || '.' || quote_ident(p.opcname) order by u.n)
          from unnest(i.indclass::oid[]) with ordinality as u (class, n)
               join pg_opclass p on p.oid = u.class
               join pg_namespace o on o.oid = p.opcnamespace) as opclasses,
       (select array_agg(case when l.oid is null or l.collname = 'default' then ''
                              else quote_ident(o.nspname) || '.' || quote_ident(l.collname) end order by u.n)
          from unnest(i.indcollation::oid[]) with ordinality as u (collation_oid, n)
               left join pg_collation l on l.oid = u.collation_oid
               left join pg_namespace o on o.oid = l.collnamespace) as collations,
       i.indoption::int2[]::int[] as key_options,
       h.inhparent as parent
  from pg_index i
       join pg_class c on c.oid = i.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
       join pg_am m on m.oid = c.relam
       left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
       left join pg_inherits h on h.inhrelid = i.indexrelid
 where i.indexrelid >= 16384
   and n.nspname !~ '^pg_(toast|temp)'
   and i.indrelid <> all (%(skipped)s::oid[])
 order by i.indexrelid

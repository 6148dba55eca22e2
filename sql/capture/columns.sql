-- Reads the columns of tables, views and composite types and the attributes of indexes. For every role.
-- %(skipped)s: relations that somebody holds locked; only a generated column's expression needs its table unlocked.
select a.attrelid as relation, a.attnum as number, a.attname::text as name,
       format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null, a.attlen as length,
       a.attalign::text as align,
       case when a.attcollation <> t.typcollation
            then (select quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                    from pg_collation l join pg_namespace n on n.oid = l.collnamespace
                   where l.oid = a.attcollation) end as collation,
       case when a.attstorage <> t.typstorage then a.attstorage::text end as storage,
       nullif(a.attcompression::text, '') as compression, nullif(a.attstattarget, -1) as target,
       a.attoptions as options, a.attidentity::text as identity, a.attgenerated::text as generated,
       a.attislocal as is_local, a.attinhcount as inherited,
       d.oid as default_oid,
       case when a.attgenerated = '' then pg_get_expr(d.adbin, 0)
            when a.attrelid <> all (%(skipped)s::oid[]) then pg_get_expr(d.adbin, d.adrelid) end as "default",
       k.conname::text as not_null_name, k.connoinherit as not_null_alone, k.conislocal as not_null_local,
       k.convalidated as not_null_valid,
       has_column_privilege(a.attrelid, a.attnum, 'select') as readable
  from pg_attribute a
       join pg_class c on c.oid = a.attrelid
       join pg_namespace s on s.oid = c.relnamespace
       join pg_type t on t.oid = a.atttypid
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
       left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum]
 where a.attrelid >= 16384
   and a.attnum > 0
   and not a.attisdropped
   and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c', 'i', 'I')
   and s.nspname !~ '^pg_(toast|temp)'
 order by a.attrelid, a.attnum

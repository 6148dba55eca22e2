-- Reads the constraints of tables: check, primary key, unique, exclusion, foreign key. For every role.
-- Left out: not-null (read with the columns), and the copies of a foreign key that the server makes for partitions.
select k.oid, k.conrelid as relation, k.conname::text as name, k.contype::text as kind, k.conindid as index,
       k.confrelid as target, k.conislocal as is_local, k.coninhcount as inherited, k.conparentid as parent,
       pg_get_constraintdef(k.oid) as definition,
       (select array_agg(a.attname::text order by p.n)
          from unnest(k.conkey) with ordinality as p (number, n)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.number) as columns,
       (select array_agg(a.attname::text order by p.n)
          from unnest(k.confkey) with ordinality as p (number, n)
               join pg_attribute a on a.attrelid = k.confrelid and a.attnum = p.number) as target_columns
  from pg_constraint k
       join pg_class c on c.oid = k.conrelid
       join pg_namespace n on n.oid = c.relnamespace
       left join pg_constraint o on o.oid = k.conparentid
 where k.conrelid >= 16384
   and k.contype in ('c', 'p', 'u', 'x', 'f')
   and (k.contype <> 'f' or k.conparentid = 0 or o.conrelid <> k.conrelid)
   and n.nspname !~ '^pg_(toast|temp)'
   and k.conrelid <> all (%(skipped)s::oid[])
 order by k.oid

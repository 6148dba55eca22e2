-- Reads collations. For every role. What some versions call colliculocale and 17 colllocale is taken as JSON.
select c.oid, n.nspname::text as schema, c.collname::text as name, c.collprovider::text as provider,
       c.collisdeterministic as deterministic,
       case when c.collprovider = 'c' then c.collcollate::text end as "collate",
       case when c.collprovider = 'c' then c.collctype::text end as ctype,
       case when c.collprovider <> 'c'
            then coalesce(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate::text) end as locale,
       coalesce(to_jsonb(c) ->> 'collicurules', null) as rules
  from pg_collation c
       join pg_namespace n on n.oid = c.collnamespace
 where c.oid >= 16384
   and n.nspname !~ '^pg_(toast|temp)'
 order by c.oid

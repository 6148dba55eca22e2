-- Reads enums, domains, composite and range types. For every role.
-- A domain's checks come with it; a composite type's fields are read with the columns of relations.
select t.oid, n.nspname::text as schema, t.typname::text as name, t.typtype::text as kind, t.typrelid as relation,
       (select array_agg(quote_literal(e.enumlabel) order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid)
         as labels,
       case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base,
       case when t.typtype = 'd' and t.typcollation <> b.typcollation
            then (select quote_ident(cn.nspname) || '.' || quote_ident(c.collname)
                    from pg_collation c join pg_namespace cn on cn.oid = c.collnamespace
                   where c.oid = t.typcollation) end as collation,
       t.typnotnull as not_null,
       pg_get_expr(t.typdefaultbin, 0) as "default",
       (select array_agg('CONSTRAINT ' || quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid)
                         order by k.conname)
          from pg_constraint k
         where k.contypid = t.oid and k.contype = 'c') as checks,
       r.subtype, r.opclass, r.range_collation, r.subdiff, r.canonical, r.multirange
  from pg_type t
       join pg_namespace n on n.oid = t.typnamespace
       left join pg_type b on b.oid = t.typbasetype
       left join pg_class c on c.oid = t.typrelid
       left join lateral (
         select format_type(g.rngsubtype, null) as subtype,
                (select quote_ident(o.nspname) || '.' || quote_ident(p.opcname)
                   from pg_opclass p join pg_namespace o on o.oid = p.opcnamespace
                  where p.oid = g.rngsubopc and not p.opcdefault) as opclass,
                (select quote_ident(o.nspname) || '.' || quote_ident(l.collname)
                   from pg_collation l join pg_namespace o on o.oid = l.collnamespace
                  where l.oid = g.rngcollation
                    and l.oid <> (select typcollation from pg_type where oid = g.rngsubtype)) as range_collation,
                nullif(g.rngsubdiff::oid, 0)::regproc::text as subdiff,
                nullif(g.rngcanonical::oid, 0)::regproc::text as canonical,
                (select quote_ident(mn.nspname) || '.' || quote_ident(m.typname)
                   from pg_type m join pg_namespace mn on mn.oid = m.typnamespace
                  where m.oid = g.rngmultitypid) as multirange
           from pg_range g
          where g.rngtypid = t.oid) r on true
 where t.oid >= 16384
   and n.nspname !~ '^pg_(toast|temp)'
   and (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and c.relkind = 'c')
 order by t.oid

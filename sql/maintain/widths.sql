-- Reads the key and included columns of the named indexes: alignment, width, share of nulls and number of values.
-- Widths and values are NULL where nothing was analyzed, or where the role may not SELECT the column.
select x.indexrelid as oid, a.attnum::int as position, a.attalign::text as alignment, a.attlen::int as length,
       a.atttypid::regtype::text as type,
       s.avg_width as width, s.null_frac as nulls, s.n_distinct as distinct
  from unnest(%(oids)s::oid[]) as wanted (oid)
       join pg_index x on x.indexrelid = wanted.oid
       join pg_attribute a on a.attrelid = x.indexrelid and a.attnum > 0
       join pg_class t on t.oid = case x.indkey[a.attnum - 1] when 0 then x.indexrelid else x.indrelid end
       join pg_namespace n on n.oid = t.relnamespace
       join pg_attribute o
         on o.attrelid = t.oid
        and o.attnum = case x.indkey[a.attnum - 1] when 0 then a.attnum else x.indkey[a.attnum - 1] end
       left join lateral (
         select avg_width, null_frac, n_distinct
           from pg_stats p
          where p.schemaname = n.nspname and p.tablename = t.relname and p.attname = o.attname
          order by p.inherited
          limit 1) s on true
 order by x.indexrelid, a.attnum

-- Reads every index, in the order of their tables: state, size and rows as of the last VACUUM or ANALYZE, definition
-- and use. Expressions are the stored trees without places in a text: nothing is locked to read them. A TOAST
-- table's index has the table it serves as its parent. For every role. From 17 on those with MAINTAIN may rebuild.
select c.oid, n.nspname::text as schema, c.relname::text as name, c.oid < 16384 as system,
       x.indrelid as table_oid, tn.nspname::text as table_schema, t.relname::text as table_name,
       p.oid as parent_oid, pn.nspname::text as parent_schema, p.relname::text as parent_name,
       s.spcname::text as tablespace,
       has_table_privilege(coalesce(p.oid, t.oid), 'maintain') as may,
       has_schema_privilege(n.oid, 'usage') as reach,
       pg_has_role(c.relowner, 'usage') as owned,
       pg_get_userbyid(c.relowner)::text as owner,
       a.amname::text as method, c.relkind::text as kind, c.relispartition as attached,
       t.relpersistence = 't' as temporary,
       c.relpages as pages, c.reltuples as rows,
       x.indisvalid as valid, x.indisready as ready, x.indislive as live,
       x.indisunique as is_unique, x.indisprimary as is_primary, x.indisexclusion as exclusion,
       x.indisreplident as identity,
       k.name as constraint_name,
       x.indnkeyatts as keys, x.indkey::text as columns, x.indclass::text as classes,
       x.indcollation::text as collations, x.indoption::text as orders,
       regexp_replace(x.indexprs::text, ' :location -?[0-9]+', '', 'g') as expressions,
       regexp_replace(x.indpred::text, ' :location -?[0-9]+', '', 'g') as predicate,
       c.reloptions as options, pg_stat_get_numscans(c.oid) as scans,
       pg_stat_get_mod_since_analyze(x.indrelid) as modified, t.reltuples as table_rows,
       t.relpages as table_pages
  from pg_index x
       join pg_class c on c.oid = x.indexrelid
       join pg_namespace n on n.oid = c.relnamespace
       join pg_am a on a.oid = c.relam
       join pg_class t on t.oid = x.indrelid
       join pg_namespace tn on tn.oid = t.relnamespace
       left join pg_tablespace s on s.oid = c.reltablespace
       left join pg_class p on p.reltoastrelid = t.oid and t.relkind = 't'
       left join pg_namespace pn on pn.oid = p.relnamespace
       left join (
         select conindid, min(conname)::text as name
           from pg_constraint
          where contype in ('p', 'u', 'x')
          group by conindid) k on k.conindid = c.oid
 where c.oid >= 16384 or t.oid >= 16384
 order by x.indrelid, c.oid

-- Reads tables, partitioned tables, views, materialised views and foreign tables. For every role.
-- %(skipped)s: relations that somebody holds locked, whose partition key cannot be written out now.
-- Columns that only some versions have are taken from the row as JSON: null where there is none.
select c.oid, n.nspname::text as schema, c.relname::text as name, c.relkind::text as kind,
       c.relpersistence::text as persistence, c.relpages as relpages, c.reltuples::float8 as rows,
       c.relallvisible as all_visible, (to_jsonb(c) ->> 'relallfrozen')::int as all_frozen,
       c.reltoastrelid as toast, c.reloptions as options, t.reloptions as toast_options,
       case when m.amname <> 'heap' then m.amname::text end as method,
       case when c.reloftype <> 0 then format_type(c.reloftype, null) end as of_type,
       c.relispartition as is_partition, c.relrowsecurity as row_security, c.relforcerowsecurity as forced_row_security,
       c.relreplident::text as replica_identity,
       case when c.relkind = 'p' and c.oid <> all (%(skipped)s::oid[]) then pg_get_partkeydef(c.oid) end as partition_key,
       pg_get_expr(c.relpartbound, 0) as partition_bound,
       (select array_agg(i.inhparent order by i.inhseqno) from pg_inherits i where i.inhrelid = c.oid) as parents,
       (select s.spcname::text from pg_tablespace s where s.oid = c.reltablespace and s.spcoptions is not null)
         as priced_tablespace,
       row_security_active(c.oid) as hidden_by_policies,
       has_table_privilege(c.oid, 'select') as readable
  from pg_class c
       join pg_namespace n on n.oid = c.relnamespace
       left join pg_am m on m.oid = c.relam
       left join pg_class t on t.oid = c.reltoastrelid
 where c.oid >= 16384
   and c.relkind in ('r', 'p', 'v', 'm', 'f')
   and n.nspname !~ '^pg_(toast|temp)'
 order by c.oid

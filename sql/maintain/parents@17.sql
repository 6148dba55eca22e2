-- Reads every partitioned table with what changed below it: nobody analyzes such a table but a person or a job. A leaf
-- that autovacuum analyzed since the parent's own ANALYZE had changed by its scale factor at least. For every role;
-- from 17 on those with MAINTAIN may analyze.
with recursive tree as (
  select p.partrelid as root, i.inhrelid as oid
    from pg_partitioned_table p join pg_inherits i on i.inhparent = p.partrelid
  union all
  select tree.root, i.inhrelid
    from tree join pg_inherits i on i.inhparent = tree.oid),
leaves as (
  select tree.root, count(*)::int as leaves,
         sum(greatest(l.reltuples, pg_stat_get_live_tuples(l.oid), 0))::float8 as rows,
         sum(l.relpages)::int8 as pages,
         sum(pg_stat_get_mod_since_analyze(l.oid))::float8 as modified,
         sum(case when pg_stat_get_last_autoanalyze_time(l.oid) > pg_stat_get_last_analyze_time(tree.root)
                  then greatest(l.reltuples, 0) else 0 end)::float8 as analyzed_rows
    from tree join pg_class l on l.oid = tree.oid
   where l.relkind = 'r'
   group by tree.root)
select c.oid, n.nspname::text as schema, c.relname::text as name,
       has_table_privilege(c.oid, 'maintain')
         or not c.relisshared and (select pg_has_role(datdba, 'usage') from pg_database
                                    where datname = current_database()) as may,
       has_schema_privilege(n.oid, 'usage') as reach,
       pg_get_userbyid(c.relowner)::text as owner,
       extract(epoch from now() - pg_stat_get_last_analyze_time(c.oid))::float8 as analyzed,
       exists (select from pg_inherits i where i.inhrelid = c.oid) as inner_node,
       leaves.leaves, leaves.rows, leaves.pages, leaves.modified, leaves.analyzed_rows
  from leaves
       join pg_class c on c.oid = leaves.root
       join pg_namespace n on n.oid = c.relnamespace
 where c.relpersistence <> 't'
 order by c.oid

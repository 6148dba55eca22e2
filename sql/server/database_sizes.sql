-- Reads the size of all databases, and how many the role may not measure. For databases that the role may connect to,
-- or all with pg_read_all_stats.
with measured as (
  select oid, has_database_privilege(oid, 'connect') or pg_has_role('pg_read_all_stats', 'usage') as allowed
    from pg_database)
select sum(case when allowed then pg_database_size(oid) end)::bigint as bytes,
       count(*) filter (where not allowed)::int as hidden
  from measured

-- Reads the collations whose library has another version than the one they were made with, and the indexes that use
-- them. For every role. Before 15 the version of the database's own collation was not kept.
with known as (
  select c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.collname) as name, c.collversion as recorded,
         pg_collation_actual_version(c.oid) as actual,
         format('ALTER COLLATION %I.%I REFRESH VERSION', n.nspname, c.collname) as remedy
    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
   where c.collversion is not null), reached as (
  select u.collation_oid, array_agg(distinct u.index_oid) as indexes
    from (select unnest(x.indcollation) as collation_oid, x.indexrelid as index_oid
            from pg_index x
          union all
          select d.refobjid, d.objid
            from pg_depend d join pg_index x on x.indexrelid = d.objid
           where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_collation'::regclass) u
   group by u.collation_oid)
select k.name, k.recorded, k.actual, k.remedy, reached.indexes
  from known k join reached on reached.collation_oid = k.oid
 where k.recorded is distinct from k.actual
 order by k.name

-- Reads which relations of this database are locked, or about to be, so that nobody may read them, and the views that
-- read those: writing a view out locks what it reads. For every role.
with recursive closed (oid) as (
  select relation
    from pg_locks
   where locktype = 'relation'
     and mode = 'AccessExclusiveLock'
     and pid <> pg_backend_pid()
     and database = (select oid from pg_database where datname = current_database())
  union
  select r.ev_class
    from closed
         join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = closed.oid
                         and d.classid = 'pg_rewrite'::regclass
         join pg_rewrite r on r.oid = d.objid)
select oid
  from closed

-- Reads which relations of this database are locked, or about to be, so that nobody may read them. For every role.
select distinct relation as oid
  from pg_locks
 where locktype = 'relation'
   and mode = 'AccessExclusiveLock'
   and pid <> pg_backend_pid()
   and database = (select oid from pg_database where datname = current_database())

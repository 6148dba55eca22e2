-- Reads the databases that can be connected to, and whether this role may. For every role.
select datname::text as name,
       has_database_privilege(oid, 'connect') as allowed
  from pg_database
 where datallowconn and datname <> 'template0'
 order by datname

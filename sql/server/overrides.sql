-- Reads what ALTER ROLE and ALTER DATABASE set, one row a setting as `name=value`. For every role.
select d.datname::text as database, r.rolname::text as role, config
  from pg_db_role_setting s
       left join pg_database d on d.oid = s.setdatabase
       left join pg_roles r on r.oid = s.setrole
       cross join unnest(s.setconfig) as config
 order by d.datname nulls first, r.rolname nulls first, config

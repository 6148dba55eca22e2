-- Reads the search_path of the database (role null) and of roles in it, the narrowest that counts. For every role.
select distinct on (r.rolname) r.rolname::text as role, substr(config, length('search_path=') + 1) as value
  from pg_db_role_setting s
       left join pg_roles r on r.oid = s.setrole
       cross join unnest(s.setconfig) as config
 where config like 'search\_path=%'
   and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
   and (s.setrole = 0 or r.rolname is not null)
 order by r.rolname, s.setdatabase desc

-- Reads who answers: version, role, timeline and process. Anybody may read it. The timeline of a standby is not told.
select current_setting('server_version_num')::int as version,
       pg_is_in_recovery() as in_recovery,
       case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end as timeline,
       extract(epoch from pg_postmaster_start_time())::float8 as postmaster_start,
       current_database()::text as database,
       current_user::text as role,
       pg_backend_pid() as pid

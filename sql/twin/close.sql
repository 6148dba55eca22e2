-- Closes a new database to everything that the weak roles do not need. For superusers, on our own cluster.
-- What sleeps, waits, writes files of the server, fills its disk or reaches other servers may be executed by superusers
-- alone; so may what an extension brings for that.
DO $$
DECLARE
  closed regprocedure;
BEGIN
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO pgtune_owner, pgtune_planner', current_database());
  FOR closed IN
    SELECT p.oid
      FROM pg_catalog.pg_proc p
     WHERE p.proname ~ '^(pg_sleep|pg_advisory|pg_try_advisory|lo_|pg_notify$|pg_export_snapshot$|pg_logical_emit)'
        OR p.proname ~ '^(pg_cancel_backend|pg_terminate_backend|pg_read_|pg_ls_|pg_stat_file|dblink|pg_file_)'
        OR p.proname ~ '^(lowrite|loread|database_to_|schema_to_|table_to_|query_to_|cursor_to_|pg_log_|pg_promote)'
  LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', closed);
  END LOOP;
END
$$;
ALTER DEFAULT PRIVILEGES FOR ROLE pgtune_owner GRANT ALL ON TABLES TO pgtune_planner;
ALTER DEFAULT PRIVILEGES FOR ROLE pgtune_owner GRANT ALL ON SEQUENCES TO pgtune_planner;
ALTER DEFAULT PRIVILEGES FOR ROLE pgtune_owner GRANT USAGE ON SCHEMAS TO pgtune_planner

-- Reads the cluster's identifier. For roles with EXECUTE on pg_control_system(), which all have by default.
select system_identifier::text as system_identifier
  from pg_control_system()

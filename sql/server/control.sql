-- Reads the system identifier, whose upper half is the second in which initdb made it. For every role, by default.
select system_identifier::text as system_identifier,
       extract(epoch from now())::float8 - (system_identifier >> 32) as age_seconds
  from pg_control_system()

-- Reads which cluster this is. Anybody may read it, unless the right was taken from PUBLIC.
select system_identifier::text from pg_control_system()

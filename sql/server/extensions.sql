-- Reads the extensions of this database and those that the server's machine has to offer. For every role.
select array(select extname::text from pg_extension order by extname) as installed,
       array(select name::text from pg_available_extensions order by name) as available

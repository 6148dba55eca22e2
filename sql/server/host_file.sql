-- Reads one file of the server's machine, NULL if it is missing. For superusers and members of pg_read_server_files
-- with EXECUTE on pg_read_binary_file.
select convert_from(pg_read_binary_file(%(path)s, 0, 1048576, true), 'UTF8') as content

-- Reads where tablespaces lie on the server's machine. Anybody may read it.
select spcname::text as name, pg_tablespace_location(oid) as folder
  from pg_tablespace
 where pg_tablespace_location(oid) <> ''

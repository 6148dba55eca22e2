-- Reads the lines of the configuration files as the server parses them now. For superusers, and for roles with SELECT
-- on pg_file_settings and EXECUTE on pg_show_all_file_settings().
select sourcefile, sourceline, seqno, name, setting, applied, error
  from pg_file_settings
 order by seqno

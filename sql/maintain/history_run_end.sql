-- Writes down how a run ended. Needs UPDATE on the history.
update pgtune.maintenance_run
   set ended = clock_timestamp(), exit_code = %(exit_code)s, detail = %(detail)s
 where id = %(run)s
returning id

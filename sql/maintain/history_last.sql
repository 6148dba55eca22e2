-- Reads when the last run of this scope began that went to its end; exit codes 3 and 5 mean that nothing was begun, 130
-- that it was interrupted. Needs SELECT on the history.
select max(began) as began
  from pgtune.maintenance_run
 where scope = %(scope)s and ended is not null and exit_code not in (3, 5, 130)

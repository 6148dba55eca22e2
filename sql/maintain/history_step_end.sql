-- Writes down what became of it. Needs UPDATE on the history.
update pgtune.maintenance_step
   set ended = clock_timestamp(), outcome = %(outcome)s, detail = %(detail)s, blocked_by = %(blocked_by)s::jsonb,
       rows_before = %(rows_before)s, rows_after = %(rows_after)s,
       bytes_before = coalesce(%(bytes_before)s, bytes_before), bytes_after = %(bytes_after)s
 where run = %(run)s and step = %(step)s
returning step

-- Writes down what became of these, with their own times: they were begun together. Each is looked up by its key,
-- whatever the planner takes the size of the run for. Needs UPDATE on the history.
update pgtune.maintenance_step s
   set began = clock_timestamp() - make_interval(secs => x.began_ago),
       ended = clock_timestamp() - make_interval(secs => x.ended_ago), outcome = x.outcome, detail = x.detail,
       blocked_by = x.blocked_by::jsonb, rows_before = x.rows_before, rows_after = x.rows_after,
       bytes_before = coalesce(x.bytes_before, s.bytes_before), bytes_after = x.bytes_after
  from (select x.*, begun.ctid as place
          from json_to_recordset(%(ends)s::json) as x (step int, began_ago float8, ended_ago float8, outcome text,
                                                       detail text, blocked_by text, rows_before bigint,
                                                       rows_after bigint, bytes_before bigint, bytes_after bigint)
               cross join lateral (select b.ctid from pgtune.maintenance_step b
                                    where b.run = %(run)s and b.step = x.step offset 0) begun) x
 where s.ctid = x.place
returning s.step

-- Reads which settings of production may be taken over: the planner's, and others by name. For every role.
SELECT name
  FROM pg_settings
 WHERE (category LIKE 'Query Tuning%%' AND vartype <> 'string')
    OR name = ANY (%(others)s)

-- Forgets runs older than so many days; their statements go with them. Needs DELETE on the history.
delete from pgtune.maintenance_run where began < now() - make_interval(days => %(days)s) returning id

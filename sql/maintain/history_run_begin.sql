-- Writes down that a run begins. Needs INSERT on the history.
insert into pgtune.maintenance_run (target, scope) values (%(target)s, %(scope)s) returning id

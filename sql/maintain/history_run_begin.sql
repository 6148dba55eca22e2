-- Writes down that a run begins. Needs INSERT on the history.
insert into pgtune.maintenance_run (target) values (%(target)s) returning id

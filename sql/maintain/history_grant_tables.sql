-- Lets a role that maintains keep its history; its name stands in for the braces below.
grant select, insert, update, delete on pgtune.maintenance_run, pgtune.maintenance_step to {}

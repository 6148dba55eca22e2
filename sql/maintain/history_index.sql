-- Makes the index by which the past of one object is found.
create index if not exists maintenance_step_object on pgtune.maintenance_step (database, schema, name, began)

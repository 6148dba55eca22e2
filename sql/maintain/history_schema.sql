-- Makes the schema of the history. Needs CREATE on the database.
create schema if not exists pgtune

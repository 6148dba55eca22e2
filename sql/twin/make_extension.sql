-- Makes an extension where nobody else has anything, and moves it then: its script runs as superuser and must not find
-- functions of a stranger on its path. For superusers, on our own cluster.
CREATE SCHEMA "pgtune extension";
CREATE EXTENSION {name} SCHEMA "pgtune extension";
ALTER EXTENSION {name} SET SCHEMA {schema};
DROP SCHEMA "pgtune extension"

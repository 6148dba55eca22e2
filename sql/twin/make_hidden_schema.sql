-- Makes a schema for relations that no query names yet, owned and used by the weak roles. For superusers.
CREATE SCHEMA {schema} AUTHORIZATION pgtune_owner;
GRANT USAGE ON SCHEMA {schema} TO pgtune_planner

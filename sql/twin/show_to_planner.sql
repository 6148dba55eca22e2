-- Lets the planning role see a table again. For superusers, on our own cluster.
GRANT USAGE ON SCHEMA {schema} TO pgtune_planner;
GRANT ALL ON {schema}.{name} TO pgtune_planner

-- Lets a role that maintains use the schema of the history; its name stands in for the braces below.
grant usage on schema pgtune to {}

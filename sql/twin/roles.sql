-- Makes the two weak roles of a twin: one owns the rebuilt schema, the other only plans. For superusers, on our own
-- cluster. The passwords are put in as literals: CREATE ROLE takes no parameters.
CREATE ROLE pgtune_owner LOGIN NOINHERIT PASSWORD {owner};
CREATE ROLE pgtune_planner LOGIN PASSWORD {planner};
ALTER ROLE pgtune_planner SET default_transaction_read_only = on

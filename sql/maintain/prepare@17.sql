-- Makes this a session that works: whatever its role or database says, no timeout may end a statement in the middle (a
-- concurrent build would leave an invalid index), nothing is read-only, and notices arrive. Anybody may. 17 brought
-- transaction_timeout, which would end autocommitted statements too.
select set_config(name, value, false)
  from (values ('statement_timeout', '0'), ('lock_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
               ('idle_session_timeout', '0'), ('transaction_timeout', '0'), ('default_transaction_read_only', 'off'),
               ('default_transaction_isolation', 'read committed'), ('client_min_messages', 'notice'),
               ('search_path', 'pg_catalog')) as wanted (name, value)

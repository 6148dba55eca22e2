-- A user was here: one row updated, its payload replaced by random bytes.
\set id random_zipfian(1, :users, 1.05)
UPDATE users SET last_seen = CURRENT_TIMESTAMP, payload = uuid_send(gen_random_uuid()) || payload WHERE id = :id
AND length(payload) < 400;

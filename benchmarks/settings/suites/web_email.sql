-- A login: lookup by the other unique key.
\set id random(1, :users)
SELECT id, name FROM users WHERE email = 'user' || :id || '@example.org';

-- A key lookup; a few users are asked for much more often than most.
\set id random_zipfian(1, :users, 1.05)
SELECT id, email, name, payload FROM users WHERE id = :id;

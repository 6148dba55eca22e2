-- A page of fifty neighbours.
\set start random(1, :orders - 50)
SELECT id, user_id, total, status FROM orders WHERE id BETWEEN :start AND :start + 49;

-- A user's latest orders with their lines.
\set id random_zipfian(1, :users, 1.05)
SELECT o.id, o.created_at, o.total, l.product_id, l.quantity
FROM (SELECT id, created_at, total FROM orders WHERE user_id = :id ORDER BY id DESC LIMIT 5) o
JOIN order_lines l ON l.order_id = o.id;

-- A dashboard: one day of orders grouped, sorted by sum.
\set day random(0, 355)
SELECT p.category, count(*), sum(l.quantity * l.price) AS revenue
FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN products p ON p.id = l.product_id
WHERE o.created_at >= timestamptz '2026-01-01 00:00:00+00' + :day * interval '1 day'
AND o.created_at < timestamptz '2026-01-01 00:00:00+00' + (:day + 1) * interval '1 day'
GROUP BY p.category ORDER BY revenue DESC;

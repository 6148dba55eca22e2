-- The newest open orders from some time on: ORDER BY with LIMIT along an index.
\set second random(0, 31000000)
SELECT id, user_id, total, created_at FROM orders
WHERE status = 'open' AND created_at < timestamptz '2026-01-01 00:00:00+00' + :second * interval '1 second'
ORDER BY created_at DESC LIMIT 20;

-- An order is placed: three rows in one transaction.
\set id random(1, :users)
\set product random(1, :products)
BEGIN;
WITH placed AS (
    INSERT INTO orders (user_id, created_at, status, total, payload)
    VALUES (:id, CURRENT_TIMESTAMP, 'open', 99, uuid_send(gen_random_uuid())) RETURNING id)
INSERT INTO order_lines (order_id, product_id, quantity, price)
SELECT id, (:product + n) % :products + 1, n, 33 FROM placed, generate_series(1, 2) n;
UPDATE products SET sold = sold + 3 WHERE id = :product;
END;

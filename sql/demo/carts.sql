-- Fills carts: 40000, most of which are changed and thrown away later.
insert into carts (id, customer_id, product_ids, updated_at)
select
    n,
    1 + (n * 7919) % 50000,
    array(select 1 + floor(10000 * noise(n * 6 + k, 61))::int from generate_series(1, 1 + n % 5) as k),
    timestamptz '2026-06-01 00:00+00' + interval '29 days' * (n / 40000::float8)
from generate_series(1, 40000) as n;

analyze carts;

-- Fills order_lines: one to six an order, a few products sell most.
insert into order_lines (order_id, line_no, product_id, quantity, unit_price)
select n, line, product.id, quantity, product.price
from
    generate_series(1, 400000) as n,
    lateral (
        select
            line,
            1 + (floor(10000 * power(noise(n * 8 + line, 32), 3))::int * 6007) % 10000 as product_id,
            1 + floor(4 * power(noise(n * 8 + line, 33), 4))::int as quantity
        from generate_series(1, 1 + floor(6 * power(noise(n, 31), 2))::int) as line
    ) as made
    join products as product on product.id = product_id
order by n, line;

analyze order_lines;

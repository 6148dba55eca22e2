-- Fills orders: 400000, a few customers with most of them, stored in the order of their time, nearly all delivered.
insert into orders (id, customer_id, status, total, country, note, created_at, updated_at)
select
    n,
    customer.id,
    case
        when n > 398400 then (array['new', 'paid', 'paid', 'shipped'])[1 + floor(4 * noise(n, 21))::int]
        when noise(n, 22) < 0.030 then 'cancelled'
        when noise(n, 22) < 0.034 then 'returned'
        else 'delivered'
    end::order_status,
    lines.total,
    customer.country,
    case when noise(n, 23) < 0.04 then 'Please leave it with the neighbour at number ' || n % 90 end,
    placed,
    placed + interval '5 days' * noise(n, 24)
from
    generate_series(1, 400000) as n
    cross join lateral (
        select
            -- more every year; half an hour of disorder, as clocks and queues make it
            timestamptz '2024-02-01 00:00+00' + interval '880 days' * power(n / 400000::float8, 0.7)
                + interval '30 minutes' * noise(n, 25) as placed,
            1 + (floor(50000 * power(noise(n, 26), 2.5))::bigint * 7919) % 50000 as wanted,
            -- the inverse of how customers sign up: 912 days * (id / 50001) ^ 0.8 from 2024-01-01
            floor(50000 * power((31 + 880 * power(n / 400000::float8, 0.7)) / 912, 1.25))::bigint as signed_up
    ) as chosen
    join customers as customer
        on customer.id = case when wanted <= signed_up then wanted else 1 + wanted % signed_up end
    join (select order_id, sum(quantity * unit_price) as total from order_lines group by order_id) as lines
        on lines.order_id = n
order by n;

analyze orders;

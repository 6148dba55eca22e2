-- Fills events: 300000 in the order of their time, payloads whose keys depend on the kind.
insert into events (id, kind, customer_id, payload, created_at)
select
    n,
    kind,
    case when kind <> 'visit' then customer end,
    jsonb_build_object('session', to_hex(hashint8extended(n / 7, 41)), 'device',
        (array['phone', 'phone', 'phone', 'desktop', 'tablet'])[1 + floor(5 * noise(n / 7, 42))::int])
        || case kind
            when 'visit' then jsonb_build_object('path', '/p/' || product, 'referrer',
                (array['search', 'search', 'mail', 'direct'])[1 + floor(4 * noise(n, 43))::int])
            when 'search' then jsonb_build_object('words', (array['red lamp', 'kettle', 'novel', 'drill', 'chair',
                'blue bottle'])[1 + floor(6 * noise(n, 44))::int], 'hits', floor(200 * noise(n, 45)))
            when 'error' then jsonb_build_object('code', 500 + n % 4, 'stack', repeat('at shop.checkout ', 10))
            else jsonb_build_object('product', product, 'price', round((400 * power(noise(n, 46), 4))::numeric, 2))
        end,
    timestamptz '2026-01-01 00:00+00' + interval '180 days' * (n / 300000::float8)
from
    generate_series(1, 300000) as n,
    lateral (
        select
            (array['visit', 'search', 'cart', 'purchase', 'error'])
                [1 + floor(5 * power(noise(n, 47), 2.6))::int] as kind,
            1 + (floor(50000 * power(noise(n / 7, 48), 2))::bigint * 7919) % 50000 as customer,
            1 + (floor(10000 * power(noise(n, 49), 3))::int * 6007) % 10000 as product
    ) as made
order by n;

analyze events;

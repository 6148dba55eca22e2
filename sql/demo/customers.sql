-- Fills customers: 50000, a few countries and cities with most of them, ids in the order of signing up.
insert into customers (id, email, name, country, city, newsletter, created_at, last_seen_at)
select
    n,
    lower(first || '.' || last) || n || '@example.' || (array['com', 'org', 'net'])[1 + n % 3],
    first || ' ' || last,
    country,
    country || ' city ' || floor(40 * power(noise(n, 5), 3)),
    noise(n, 6) < 0.07,
    joined,
    joined + (timestamptz '2026-07-01 00:00+00' - joined) * power(noise(n, 7), 0.3)
from
    generate_series(1, 50000) as n,
    lateral (
        select
            (array['Ada', 'Alan', 'Barbara', 'Donald', 'Edgar', 'Frances', 'Grace', 'Jim', 'Katherine', 'Margaret',
                'Michael', 'Tony'])[1 + floor(12 * noise(n, 1))::int] as first,
            (array['Backus', 'Bachman', 'Codd', 'Dijkstra', 'Gray', 'Hamilton', 'Hoare', 'Hopper', 'Johnson', 'Knuth',
                'Liskov', 'Stonebraker', 'Turing', 'Wirth'])[1 + floor(14 * noise(n, 2))::int] as last,
            -- 46 % in the first country, 0.1 % in the last
            (array['DE', 'US', 'FR', 'GB', 'NL', 'AT', 'CH', 'PL', 'ES', 'IT', 'SE', 'DK', 'JP', 'BR', 'IS',
                'MT'])[1 + floor(16 * power(noise(n, 3), 3.5))::int] as country,
            timestamptz '2024-01-01 00:00+00' + interval '912 days' * power(n / 50001::float8, 0.8) as joined
    ) as made;

analyze customers;

-- Fills categories and products: 10000, with texts to search, tags, attributes that depend on the category.
insert into categories (id, name)
select n, (array['Kitchen', 'Garden', 'Books', 'Tools', 'Toys', 'Sports', 'Audio', 'Lighting'])[1 + n % 8] || ' ' || n
from generate_series(1, 40) as n;

insert into products (id, sku, category_id, name, description, price, stock, tags, attributes, updated_at)
select
    n,
    'SKU-' || lpad(n::text, 6, '0'),
    category,
    initcap(words[1] || ' ' || words[2] || ' ' || words[3]),
    'A ' || array_to_string(words, ' ') || ' for ' || words[5] || ' and ' || words[2]
        || repeat(', made of ' || words[4] || ' with ' || words[6] || ' ' || words[7], 1 + n % 4) || '.',
    round((3 + 400 * power(noise(n, 11), 4))::numeric, 2),
    floor(500 * noise(n, 12)),
    array(select distinct word from unnest(words[1:1 + n % 5]) as word order by word),
    jsonb_build_object('colour', words[1], 'material', words[4], 'weight_g', floor(5000 * power(noise(n, 13), 3)))
        || case when category % 8 = 2 then jsonb_build_object('isbn', 9780000000000 + n) else '{}' end
        || case when noise(n, 14) < 0.02 then '{"discontinued": true}' else '{}' end::jsonb,
    timestamptz '2024-01-01 00:00+00' + interval '900 days' * noise(n, 15)
from
    generate_series(1, 10000) as n,
    lateral (select 1 + floor(40 * power(noise(n, 16), 2))::int as category) as chosen,
    lateral (
        select array_agg(
            (array['red', 'blue', 'walnut', 'steel', 'cotton', 'glass', 'folding', 'compact', 'vintage', 'outdoor',
                'silent', 'bright', 'wooden', 'ceramic', 'travel', 'garden', 'kitchen', 'office', 'lamp', 'chair',
                'table', 'bottle', 'kettle', 'knife', 'speaker', 'backpack', 'blanket', 'mirror', 'clock', 'puzzle',
                'racket', 'drill', 'hammer', 'ladder', 'atlas', 'novel', 'guide', 'shelf', 'basket', 'cable']
            )[1 + floor(40 * power(noise(n * 10 + k, 17), 1.6))::int] order by k
        ) as words
        from generate_series(1, 7) as k
    ) as text;

analyze categories, products;

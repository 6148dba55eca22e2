-- Fills request_log: 400000 lines in the order of their time, never changed, read from the newest end.
insert into request_log (at, client, method, path, status, duration_ms, trace_id)
select
    timestamptz '2026-06-01 00:00+00' + interval '30 days' * (n / 400000::float8),
    inet '10.0.0.0' + (hashint8extended(n / 20, 51) & 65535),
    case when noise(n, 52) < 0.9 then 'GET' else 'POST' end,
    (array['/', '/search', '/p/', '/cart', '/checkout', '/login'])[1 + floor(6 * power(noise(n, 53), 2))::int]
        || case when noise(n, 54) < 0.5 then '' else '?page=' || n % 20 end,
    (array[200, 200, 304, 404, 500])[1 + floor(5 * power(noise(n, 55), 6))::int],
    2 + 3000 * power(noise(n, 56), 12),
    md5(n::text)::uuid
from generate_series(1, 400000) as n
order by n;

analyze request_log;

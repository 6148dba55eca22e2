-- The workload of the sample shop, as pgbench plays it: each section is a transaction with its name and its weight.
-- Reads and writes the shop's own tables; any role with rights to them may run it.

-- name: product_page @ 250
\set product random_zipfian(1, 10000, 1.1)
select id, sku, name, description, price, stock, tags, attributes from products where id = :product;

-- name: order_page @ 200
\set order random_gaussian(1, 400000, 2.5)
select o.id, o.status, o.total, o.created_at, l.line_no, l.quantity, l.unit_price, p.name
from orders as o join order_lines as l on l.order_id = o.id join products as p on p.id = l.product_id
where o.id = :order order by l.line_no;

-- name: customer_by_email @ 150
\set customer random(1, 50000)
select email from customers where id = :customer
\gset
select id, name, country from customers where email = :email;

-- name: orders_of_customer @ 40
\set customer random_zipfian(1, 50000, 1.1)
select id, status, total, created_at from orders where customer_id = :customer order by created_at desc limit 20;

-- name: search_products @ 60
\set word random_zipfian(1, 12, 1.05)
select id, name, price, ts_rank(search, query) as rank
from products, websearch_to_tsquery('english', split_part(
    'lamp,red kettle,walnut chair,novel -guide,steel,drill,blue bottle,garden,office shelf,puzzle,travel,speaker',
    ',', :word)) as query
where search @@ query order by rank desc limit 20;

-- name: products_by_tag @ 30
\set word random(1, 6)
select id, name, price from products
where tags @> array[split_part('red,blue,walnut,steel,lamp,kettle', ',', :word)] order by name limit 50;

-- name: products_by_attribute @ 15
\set word random(1, 6)
select id, name, price from products
where attributes @> jsonb_build_object('material', split_part('walnut,steel,cotton,glass,wooden,ceramic', ',', :word));

-- name: products_of_category @ 30
\set category random(1, 40)
select id, name, price from products where category_id = :category order by name limit 24;

-- name: customers_of_city @ 10
\set city random(0, 39)
select count(*), count(*) filter (where newsletter) from customers where country = 'DE' and city = 'DE city ' || :city::int;

-- name: orders_to_ship @ 25
select id, customer_id, total from orders where status = 'paid' order by created_at limit 50;

-- name: sales_of_product @ 8
\set product random_zipfian(1, 10000, 1.05)
select count(*), sum(quantity), sum(quantity * unit_price) from order_lines where product_id = :product;

-- name: events_of_product @ 4
\set product random(1, 10000)
select kind, count(*) from events where payload @> jsonb_build_object('product', :product::int) group by kind;

-- name: events_of_customer @ 8
\set customer random(1, 50000)
select kind, payload, created_at from events where customer_id = :customer order by created_at desc limit 50;

-- name: errors_of_the_day @ 4
\set day random(1, 28)
select payload ->> 'code' as code, count(*) from events
where created_at >= timestamptz '2026-06-01 00:00+00' + interval '1 day' * :day
    and created_at < timestamptz '2026-06-02 00:00+00' + interval '1 day' * :day and kind = 'error' group by code;

-- name: errors_of_the_hour @ 20
\set hour random(0, 23)
select path, status, duration_ms from request_log
where at >= timestamptz '2026-06-30 00:00+00' + interval '1 hour' * :hour
    and at < timestamptz '2026-06-30 01:00+00' + interval '1 hour' * :hour and status >= 500;

-- name: place_order @ 60
\set customer random_zipfian(1, 50000, 1.1)
\set product random_zipfian(1, 9999, 1.05)
\set second random(0, 86399)
begin;
insert into orders (customer_id, status, total, country, created_at, updated_at)
select id, 'new', 59.80, country, moment, moment
from customers, (select timestamptz '2026-07-01 00:00+00' + interval '1 second' * :second as moment) as clock
where id = :customer
returning id
\gset new_
insert into order_lines (order_id, line_no, product_id, quantity, unit_price)
values (:new_id, 1, :product, 1, 39.90), (:new_id, 2, :product + 1, 1, 19.90);
update products set stock = greatest(stock - 1, 0) where id = :product;
commit;

-- name: change_cart @ 80
\set customer random(1, 50000)
\set product random_zipfian(1, 10000, 1.05)
\set second random(0, 86399)
select id, product_ids from carts where customer_id = :customer;
insert into carts (customer_id, product_ids, updated_at)
values (:customer, array[:product::int], timestamptz '2026-07-01 00:00+00' + interval '1 second' * :second);

-- name: track_event @ 150
\set customer random(1, 50000)
\set product random_zipfian(1, 10000, 1.05)
\set second random(0, 86399)
insert into events (kind, customer_id, payload, created_at)
values ('visit', :customer, jsonb_build_object('path', '/p/' || :product::int, 'device', 'phone'),
    timestamptz '2026-07-01 00:00+00' + interval '1 second' * :second);

-- name: log_request @ 150
\set second random(0, 86399)
\set ms random_exponential(2, 3000, 9)
insert into request_log (at, client, method, path, status, duration_ms, trace_id)
values (timestamptz '2026-07-01 00:00+00' + interval '1 second' * :second, '10.0.0.7', 'GET', '/p/', 200, :ms,
    md5((:second::int)::text)::uuid);

-- name: pay_order @ 25
\set order random(398401, 400000)
update orders set status = 'paid', updated_at = timestamptz '2026-07-01 12:00+00' where id = :order and status = 'new';

-- name: customer_seen @ 40
\set customer random_zipfian(1, 50000, 1.05)
update customers set last_seen_at = timestamptz '2026-07-01 12:00+00' where id = :customer;

-- name: report_sales @ 2
select date_trunc('month', o.created_at) as month, o.country, p.category_id, sum(l.quantity * l.unit_price) as sales
from orders as o join order_lines as l on l.order_id = o.id join products as p on p.id = l.product_id
where o.status = 'delivered' group by 1, 2, 3 order by 1, 4 desc;

-- name: report_best_customers @ 2
select c.id, c.name, count(*) as orders, sum(o.total) as paid
from customers as c join orders as o on o.customer_id = c.id group by c.id order by paid desc limit 20;

-- name: report_sessions @ 1
select date_trunc('day', created_at) as day, count(distinct payload ->> 'session') as sessions
from events group by day order by day;

-- name: report_slow_pages @ 2
select path, count(*), percentile_cont(0.95) within group (order by duration_ms) as p95
from request_log group by path order by p95 desc;

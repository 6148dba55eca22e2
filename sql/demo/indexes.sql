-- Indexes as a shop grows them in a few years: some serve, some are twice there, some serve nobody, some are missing.
-- Missing: orders (customer_id), order_lines (product_id), events (customer_id), anything on events (payload).

-- These serve.
create index products_search_idx on products using gin (search);
create index products_tags_idx on products using gin (tags);
create index products_category_id_idx on products (category_id);
create index orders_created_at_idx on orders (created_at);
create index customers_country_city_idx on customers (country, city);
create index carts_customer_id_idx on carts (customer_id);

-- B-trees over columns that follow the order of the rows, where a BRIN index of some pages does.
create index events_created_at_idx on events (created_at);
create index request_log_at_idx on request_log (at);

-- All of a skewed column is indexed, and only its rare values are ever asked for.
create index orders_status_idx on orders (status);

-- Twice there: the unique key has the same column; the first column of the pair above.
create index customers_email_idx on customers (email);
create index customers_country_idx on customers (country);

-- Nobody asks for these.
create index customers_newsletter_idx on customers (newsletter);
create index products_price_idx on products (price);
create index request_log_trace_id_idx on request_log (trace_id);

-- Will be bloated: carts change all the time.
create index carts_updated_at_idx on carts (updated_at);

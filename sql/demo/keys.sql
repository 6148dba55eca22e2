-- Primary, unique and foreign keys of the filled tables, and the sequences moved behind the last id.
alter table customers add primary key (id), add unique (email);
alter table categories add primary key (id);
alter table products add primary key (id), add unique (sku), add foreign key (category_id) references categories;
alter table orders add primary key (id), add foreign key (customer_id) references customers;
alter table order_lines
    add primary key (order_id, line_no),
    add foreign key (order_id) references orders on delete cascade,
    add foreign key (product_id) references products;
alter table carts add primary key (id), add foreign key (customer_id) references customers on delete cascade;
alter table events add primary key (id);

alter table customers alter column id restart with 50001;
alter table products alter column id restart with 10001;
alter table orders alter column id restart with 400001;
alter table carts alter column id restart with 40001;
alter table events alter column id restart with 300001;

drop function noise;

-- Wear: carts are changed five times over and most are thrown away; one order in eight was touched once more.
update carts set updated_at = updated_at + interval '1 hour', product_ids = product_ids || 1;
update carts set updated_at = updated_at + interval '1 hour', product_ids = product_ids || 2;
update carts set updated_at = updated_at + interval '1 hour', product_ids = product_ids || 3;
update carts set updated_at = updated_at + interval '1 hour', product_ids = product_ids || 4;
update carts set updated_at = updated_at + interval '1 hour', product_ids = product_ids || 5;
delete from carts where id % 8 <> 0;
update orders set updated_at = updated_at + interval '1 day' where id % 8 = 3;

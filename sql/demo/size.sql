-- The size of the shop. Reads the data directory through pg_database_size; any role that may connect may ask.
select pg_database_size(current_database())

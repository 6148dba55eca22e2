-- Writes the smallest and the largest of the known values of columns of one type, in the order of the columns: first all
-- smallest, then all largest. For the tables' owner: reading a value of a domain runs the domain's checks.
CREATE TABLE {table} (value {type});
INSERT INTO {table}
SELECT (SELECT v FROM unnest(known.values) v ORDER BY v {collation} LIMIT 1) FROM (VALUES {values}) known (values);
INSERT INTO {table}
SELECT (SELECT v FROM unnest(known.values) v ORDER BY v {collation} DESC LIMIT 1) FROM (VALUES {values}) known (values)

-- Sets, for this transaction, in which form values are written (else as the server is configured), and how long a
-- statement may take: catalogs of 50,000 tables are read in a minute. For every role.
select set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true),
       set_config('TimeZone', 'UTC', true), set_config('extra_float_digits', '3', true),
       set_config('bytea_output', 'hex', true), set_config('quote_all_identifiers', 'off', true),
       set_config('statement_timeout', '10min', true)

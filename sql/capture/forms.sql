-- Sets, for this transaction, in which form values are written: without it they are as the server is configured.
select set_config('DateStyle', 'ISO, YMD', true), set_config('IntervalStyle', 'postgres', true),
       set_config('TimeZone', 'UTC', true), set_config('extra_float_digits', '3', true),
       set_config('bytea_output', 'hex', true), set_config('quote_all_identifiers', 'off', true)

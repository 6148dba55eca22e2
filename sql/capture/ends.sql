-- Reads the least and the greatest value of a column from an index that begins with it, as the planner does. For roles
-- that may SELECT the column, without policies that hide rows from them. The mark keeps it out of workloads.
(select /* pgtune */ {number} as number, array[low.value, high.value]::text as ends
   from (select format('%s', t.{column}) as value from only {table} t
          where t.{column} is not null order by t.{column} limit 1) low,
        (select format('%s', t.{column}) as value from only {table} t
          where t.{column} is not null order by t.{column} desc limit 1) high)

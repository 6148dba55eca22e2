-- Reads what the managers of servers leave behind: the names of sessions, a function, and parameters of their own
-- (asked for by name, since pg_settings hides a parameter that no loaded library explains). For every role.
select array(select distinct application_name from pg_stat_activity
              where application_name <> '' and pid <> pg_backend_pid()) as applications,
       array(select distinct proname::text from pg_proc where proname = 'aurora_version')
       || array(select name from unnest(array[
            'azure.extensions', 'cloudsql.iam_authentication', 'cloudsql.supported_extensions', 'rds.extensions'
          ]) as name where current_setting(name, true) is not null) as marks

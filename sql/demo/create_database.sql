-- The database of the sample shop, on a server of pgtune's own. Run by its superuser.
create database shop

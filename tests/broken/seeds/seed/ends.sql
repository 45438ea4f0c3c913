-- all of it
begin;
select 1;
commit;

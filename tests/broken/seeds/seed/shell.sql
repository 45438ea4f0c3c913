select 1;
\i people.sql

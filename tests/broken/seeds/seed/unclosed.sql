select 'it''s;

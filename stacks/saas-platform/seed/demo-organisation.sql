-- One organisation to develop with. Every statement names it, so no other organisation's rows are touched, and
-- running them again changes nothing that a developer did meanwhile.

insert into organisations (id, slug, name)
values ('00000000-0000-4000-8000-000000000001', 'demo', 'Demonstration')
on conflict do nothing;

insert into projects (organisation_id, id, slug, name)
values
  ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000101', 'website', 'Website'),
  ('00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000102', 'mobile', 'Mobile app')
on conflict do nothing;

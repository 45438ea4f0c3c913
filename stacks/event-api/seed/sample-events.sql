-- Sample events with vectors of their own, so that a search has something to find.

create table if not exists events (
  id       uuid primary key default uuid_generate_v4(),
  slug     text not null unique,
  title    text not null,
  starts   timestamptz not null,
  meaning  vector(3) not null
);

insert into events (slug, title, starts, meaning)
values
  ('morning-run', 'Morning run', '2026-03-01 06:30+00', '[1, 0, 0]'),
  ('open-stage', 'Open stage', '2026-03-01 19:00+00', '[0, 1, 0]'),
  ('repair-cafe', 'Repair café', '2026-03-02 14:00+00', '[0, 0, 1]')
on conflict do nothing;

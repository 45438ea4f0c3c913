-- Made-up experiments with made-up people in them, so that assignment and analysis have something to work on.

create table if not exists experiments (
  key     text primary key,
  started timestamptz not null,
  share   real not null check (share between 0 and 1)
);

create table if not exists assignments (
  experiment text not null references experiments (key),
  subject    text not null,
  variant    text not null,
  converted  boolean not null,
  primary key (experiment, subject)
);

insert into experiments (key, started, share)
values ('checkout-button', '2026-01-05 09:00+00', 0.5), ('search-ranking', '2026-02-02 09:00+00', 0.2)
on conflict do nothing;

-- The same thousand each time: nothing here is random.
insert into assignments (experiment, subject, variant, converted)
select
  'checkout-button',
  'mock-' || n,
  case when n % 2 = 0 then 'control' else 'treatment' end,
  n % (case when n % 2 = 0 then 10 else 8 end) < 2
from generate_series(1, 1000) n
on conflict do nothing;

-- The tables that the demonstration needs. The platform's own migrations find them and go on from there.

create table if not exists organisations (
  id   uuid primary key,
  slug text not null unique,
  name text not null
);

create table if not exists projects (
  organisation_id uuid not null references organisations (id),
  id              uuid not null,
  slug            text not null,
  name            text not null,
  primary key (organisation_id, id),
  unique (organisation_id, slug)
);

-- Layout 1. Every checksum is the engine's own, see `layout.rs`; rows are not meant to be edited by hand.

create table states (
    id bigint generated always as identity primary key,
    stack text not null,
    environment text not null,
    header json,
    serial bigint not null,
    epoch bigint not null,
    last_intent bigint not null,
    chain bytea not null,
    standing json,
    entries bigint not null,
    entries_sum bigint not null,
    written_as bytea not null,
    checksum bigint not null,
    unique (stack, environment)
) with (fillfactor = 50);
comment on table states is 'One state of infra per stack and environment: its header, and where it stands';
comment on column states.header is 'What never changes; null before the state is begun';
comment on column states.chain is 'The digest of the last entry of the history';
comment on column states.standing is 'Null while the state is in force; else where it went, or where it comes from';
comment on column states.entries is 'How many records, open intents and durations there must be';
comment on column states.written_as is 'The random name of the last write, by which its writer finds out whether it arrived';

create table leases (
    state bigint primary key references states on delete cascade,
    epoch bigint not null,
    holder text not null,
    until timestamptz,
    duration_ms bigint not null
) with (fillfactor = 50);
comment on table leases is 'Who may write. Every write locks the row and is refused if its epoch is not this one';
comment on column leases.holder is 'Who got this epoch';
comment on column leases.until is 'Until when, by the clock of this server; null when the lease was given back';

-- No foreign keys from here on: each row would lock the state''s row once more, and the engine counts the rows itself.
create table records (
    state bigint not null,
    key text collate "C" not null,
    serial bigint not null,
    inputs_digest bytea not null,
    tainted boolean not null,
    protect boolean not null,
    format integer not null,
    body json not null,
    checksum bigint not null,
    primary key (state, key)
) with (fillfactor = 80);
comment on table records is 'What is known of each object. Secrets are sealed';

create table intents (
    state bigint not null,
    id bigint not null,
    body json not null,
    checksum bigint not null,
    primary key (state, id)
);
comment on table intents is 'Calls that began and of which no outcome is known';

create table durations (
    state bigint not null,
    name text collate "C" not null,
    millis bigint not null,
    checksum bigint not null,
    primary key (state, name)
);
comment on table durations is 'Mean durations of steps, by type of resource and action';

create table history (
    state bigint not null,
    serial bigint not null,
    digest bytea not null,
    body json not null,
    primary key (state, serial)
);
comment on table history is 'Every change, each entry holding the digest of the one before. Append-only';

create function refuse_to_change_history() returns trigger language plpgsql as $$
begin
    -- A copy that is not in force makes room for another one, and says so in the same transaction.
    if tg_op = 'DELETE' and current_setting('infra.makes_room', true) = 'yes' then
        return old;
    end if;
    raise exception 'the history is append-only';
end
$$;
create trigger append_only before update or delete on history
    for each row execute function refuse_to_change_history();
create trigger append_only_as_a_whole before truncate on history
    for each statement execute function refuse_to_change_history();

-- What a live stream needs: the newest values, kept totals, the connection, and what cannot be read.

-- The newest value of a series by the time of its measurement, whenever it arrived, and the entry that it stands in.
-- Null where there is none, or where the entry was forgotten.
alter table series drop column last_seq;
alter table series add column latest_at integer;
alter table series add column latest_occurrence integer;
alter table series add column latest_seq integer;

-- 1 where the stamp was given in whole seconds, as messages have it; polls give milliseconds.
alter table seen add column whole_second integer;

-- What arrived of a vehicle by one way, without counting over the log. What is forgotten by `journal.keep` stays
-- counted.
create table total (
    vehicle_id integer not null references vehicle,
    feed_id integer not null references feed,
    -- polls and messages, whether or not they left an entry; new readings; readings left out as repeats
    snapshots integer not null default 0,
    entries integer not null default 0,
    readings integer not null default 0,
    repeats integer not null default 0,
    last_received_at integer not null,
    primary key (vehicle_id, feed_id)
) strict, without rowid;

-- The connection of one account's stream.
create table stream (
    account text not null,
    source text not null,
    -- since when it is logged in without an interruption; null while it is not
    connected_since integer,
    last_message_at integer,
    -- logins, and how often another program of the household took the connection
    logins integer not null default 0,
    evictions integer not null default 0,
    -- JSON: how long to wait after what went wrong, so that a restart storms no more than a run
    breaker text,
    primary key (account, source)
) strict, without rowid;

-- Messages that cannot be read, as they came; equal ones once.
create table stray (
    id integer primary key autoincrement,
    account text not null,
    source text not null,
    topic text not null,
    payload blob not null,
    reason text not null,
    first_at integer not null,
    last_at integer not null,
    times integer not null,
    -- of topic and payload
    hash integer not null,
    unique (account, source, hash)
) strict;

-- What is in the log, summed over 4096 neighbouring numbers: entries, those of them with readings, and readings.
create table tally (
    -- seq / 4096
    block integer primary key,
    entries integer not null,
    filled integer not null,
    readings integer not null
) strict;

-- What care of the journal, replays, the plan of polls, and containers that heal themselves need.

-- CRC-32 of the whole entry; null only while it is being written.
alter table log add column checksum integer;

-- Numbers that have no entry, or not all of them: forgotten by `journal.keep`, or left out by a restore. A
-- number that is missing anywhere else is damage.
create table gap (
    first_seq integer primary key,
    last_seq integer not null
) strict;

-- What is known of the vehicle's activity (JSON), when the next poll comes, at which interval in milliseconds it
-- goes on from there, and why.
alter table poll add column activity text;
alter table poll add column next_at integer;
alter table poll add column every integer;
alter table poll add column reason text;

-- How often a dead letter was delivered again in vain; retry is 1 while its owner wants that.
alter table dead_letter add column attempts integer not null default 0;
alter table dead_letter add column retry integer not null default 0;
-- Which reading of the entry it is: its time and occurrence, or where it fitted no type its place in the
-- payload. Null in letters of version 1, and where the whole entry is meant.
alter table dead_letter add column measured_at integer;
alter table dead_letter add column occurrence integer;
alter table dead_letter add column position integer;
create index dead_letter_by_entry on dead_letter (seq);
create index dead_letter_by_sink on dead_letter (sink);
create index dead_letter_to_retry on dead_letter (sink, seq) where retry = 1;

-- Histories that are delivered to a sink again, in whatever process holds the state directory.
create table replay (
    id integer primary key autoincrement,
    sink text not null,
    -- how far it has got, and the last entry that it covers
    position integer not null,
    last_seq integer not null,
    -- how many entries it covers, and how many of them are done: numbers may have gaps
    entries integer not null,
    done integer not null default 0,
    -- by time of measurement; null where there is no bound
    since integer,
    until integer,
    -- the patterns of `select`, as JSON; null for those of the sink
    selection text,
    readings integer not null default 0,
    rejected integer not null default 0,
    created_at integer not null,
    finished_at integer,
    cancelled integer not null default 0,
    -- why it does not go on
    problem text
) strict;

-- Containers that this program created, in use or not; it removes no others.
create table created_container (
    account text not null,
    container_id text not null,
    fingerprint text not null,
    name text not null,
    created_at integer not null,
    primary key (account, container_id)
) strict, without rowid;

-- A wanted set of descriptors and how far BMW takes it. `fingerprint` is that of the wanted set.
create table descriptor_set (
    account text not null,
    fingerprint text not null,
    -- JSON: what BMW accepts, what it refuses and why, and what is still to be tried
    state text not null,
    -- since when exactly the accepted descriptors are polled
    since integer not null,
    primary key (account, fingerprint)
) strict, without rowid;

-- The set that each source asks for.
create table source_set (
    account text not null,
    source text not null,
    fingerprint text not null,
    primary key (account, source)
) strict, without rowid;

-- What the owner was told, so that a restart does not tell it again.
create table told (
    topic text primary key,
    level text not null,
    at integer not null
) strict, without rowid;

-- Times are milliseconds since the epoch.

-- Every call that left, written before it left.
create table quota (
    id integer primary key,
    account text not null,
    at integer not null,
    call text not null,
    outcome text
) strict;
create index quota_by_account on quota (account, at);

create table quota_block (
    account text primary key,
    until integer not null
) strict, without rowid;

-- With row numbers: a row is written twice a poll, and is too long for a leaf of a table that has none.
create table poll (
    account text not null,
    source text not null,
    vin text not null,
    last_at integer not null,
    last_success_at integer,
    failures integer not null,
    problem text,
    -- what is remembered of the vehicle (JSON), when the next poll comes, at which interval in milliseconds it
    -- goes on from there, and why
    activity text,
    next_at integer,
    every integer,
    reason text,
    primary key (account, source, vin)
) strict;

create table container (
    account text not null,
    fingerprint text not null,
    container_id text not null,
    primary key (account, fingerprint)
) strict, without rowid;

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

-- When the vehicles of an account were last asked for.
create table mapping (
    account text primary key,
    at integer not null
) strict, without rowid;

create table known_vehicle (
    id integer primary key,
    vin text not null unique,
    -- whose it is, and PRIMARY or SECONDARY, as the mapping said
    account text,
    mapping text,
    -- of the answer of basicData: JSON
    details text,
    -- what stores have it by that were written before names began with `v`; its owner's name comes first
    name text
) strict;

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

-- What each component of the running program says of itself.
create table component (
    kind text not null,
    name text not null,
    state text not null,
    message text,
    since integer not null,
    primary key (kind, name)
) strict, without rowid;

-- What the owner was told, so that a restart does not tell it again.
create table told (
    topic text primary key,
    level text not null,
    at integer not null
) strict, without rowid;

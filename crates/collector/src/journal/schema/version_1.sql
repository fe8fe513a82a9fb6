-- The first tables of the state database. Released: never changes.

create table meta (
    key text primary key,
    value text not null
) strict, without rowid;

create table vehicle (
    id integer primary key,
    vin text not null unique,
    account text,
    -- PRIMARY or SECONDARY, as the mapping said
    mapping text,
    mapped_at integer,
    -- the answer of basicData
    details text
) strict;

create table feed (
    id integer primary key,
    account text not null,
    source text not null,
    origin text not null,
    unique (account, source, origin)
) strict;

-- What BMW sent, without repeats. Times are milliseconds since the epoch.
create table log (
    seq integer primary key autoincrement,
    vehicle_id integer not null references vehicle,
    feed_id integer not null references feed,
    requested_at integer,
    received_at integer not null,
    -- readings in the payload, and readings that were left out as repeats
    readings integer not null,
    repeats integer not null,
    payload text not null
) strict;

-- One descriptor of one vehicle.
create table series (
    id integer primary key,
    vehicle_id integer not null references vehicle,
    descriptor text not null,
    -- the last value received, whatever its time
    last_hash integer,
    -- what came since that is no value: an absence or a misfit; null where the last was a value
    last_misfit integer,
    -- how often BMW sent no value
    absent integer not null default 0,
    last_absent_at integer,
    last_seq integer,
    unique (vehicle_id, descriptor)
) strict;

-- Every (time, value) that is in the log, so that a repeat is known for ever.
create table seen (
    series_id integer not null references series,
    measured_at integer not null,
    hash integer not null,
    primary key (series_id, measured_at, hash)
) strict, without rowid;

create table cursor (
    sink text primary key,
    seq integer not null,
    delivered_readings integer not null default 0,
    delivered_at integer
) strict, without rowid;

-- Readings that a sink refused for good; sink is empty where no sink could take them.
create table dead_letter (
    id integer primary key autoincrement,
    at integer not null,
    sink text not null,
    seq integer not null,
    descriptor text not null,
    reason text not null
) strict;

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

create table descriptor_type (
    descriptor text primary key,
    type text not null,
    unit text
) strict, without rowid;

create table container (
    account text not null,
    fingerprint text not null,
    container_id text not null,
    primary key (account, fingerprint)
) strict, without rowid;

create table poll (
    account text not null,
    source text not null,
    vin text not null,
    last_at integer not null,
    last_success_at integer,
    failures integer not null,
    problem text,
    primary key (account, source, vin)
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

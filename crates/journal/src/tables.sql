create table meta (
    key text primary key,
    value text not null
) strict, without rowid;
-- The journal's random name, by which sinks know whose numbers they have.
insert or ignore into meta (key, value) values ('log_id', lower(hex(randomblob(16))));
-- The newest entry that is in `seen`, `series`, `total` and `tally`. What is behind it is read out of the log.
insert or ignore into meta (key, value) values ('folded', '0');

-- Display units of a vehicle: a JSON object with sorted keys.
create table context (
    id integer primary key,
    context text not null unique
) strict;

create table vehicle (
    id integer primary key,
    vin text not null unique,
    -- the units that it shows now
    context_id integer references context
) strict;

create table feed (
    id integer primary key,
    account text not null,
    source text not null,
    origin text not null,
    unique (account, source, origin)
) strict;

-- What BMW sent, without repeats. Times are milliseconds since the epoch. No number is used twice: one is greater than
-- all that are here, in `gap` or in whatever else holds entries.
create table log (
    seq integer primary key,
    vehicle_id integer not null references vehicle,
    feed_id integer not null references feed,
    requested_at integer,
    received_at integer not null,
    -- readings in the payload, and readings that were left out as repeats
    readings integer not null,
    repeats integer not null,
    payload text not null,
    -- CRC-32 of the whole entry; null only while it is being written
    checksum integer,
    -- the units that the vehicle showed when it came; null where nothing was known of them
    context_id integer references context
) strict;

-- Numbers that have no entry, or not all of them: forgotten by `journal.keep`, or left out by a restore. A
-- number that is missing anywhere else is damage.
create table gap (
    first_seq integer primary key,
    last_seq integer not null
) strict;

-- One descriptor of one vehicle.
create table series (
    id integer primary key,
    vehicle_id integer not null references vehicle,
    descriptor text not null,
    -- how often BMW sent no value
    absent integer not null default 0,
    last_absent_at integer,
    -- The newest value by the time of its measurement, whenever it arrived, and the entry that it stands in. Null
    -- where there is none, or where the entry was forgotten.
    latest_at integer,
    latest_occurrence integer,
    latest_seq integer,
    -- the newest of its rows in `seen`, which is that value or one that fits no type
    last_at integer,
    last_hash integer,
    -- the newest of these that BMW stamped with the time of the call
    called_at integer,
    called_hash integer,
    -- whether the last that came was no value
    is_absent integer not null default 0,
    -- from when on there is no value; where something was measured later there is one again
    ended_at integer,
    unique (vehicle_id, descriptor)
) strict;

-- Every (time, value) that is in the log, so that a repeat is known for ever. By time first: what comes is written
-- side by side.
create table seen (
    measured_at integer not null,
    series_id integer not null references series,
    -- 48 bits of what BMW sent, in its canonical form
    hash integer not null,
    -- 1 where the stamp was given in whole seconds, as messages have it; polls give milliseconds
    whole_second integer,
    primary key (measured_at, series_id, hash)
) strict, without rowid;

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

-- What is in the log, summed over 4096 neighbouring numbers: entries, those of them with readings, and readings.
create table tally (
    -- seq / 4096
    block integer primary key,
    entries integer not null,
    filled integer not null,
    readings integer not null
) strict;

-- The same with what is not folded yet. `arrival` is `total`; `counted` has one row for all.
create view arrival as
select vehicle_id, feed_id, sum(snapshots) as snapshots, sum(entries) as entries, sum(readings) as readings,
    sum(repeats) as repeats, max(last_received_at) as last_received_at
from (
    select * from total
    union all
    select vehicle_id, feed_id, 1, 1, readings, repeats, received_at
    from log where seq > (select cast(value as integer) from meta where key = 'folded')
) group by vehicle_id, feed_id;
create view counted as
select coalesce(sum(entries), 0) as entries, coalesce(sum(readings), 0) as readings
from (
    select entries, readings from tally
    union all
    select 1, readings from log where seq > (select cast(value as integer) from meta where key = 'folded')
);

create table descriptor_type (
    descriptor text primary key,
    type text not null,
    unit text
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
    reason text not null,
    -- how often it was delivered again in vain; retry is 1 while its owner wants that
    attempts integer not null default 0,
    retry integer not null default 0,
    -- Which reading of the entry it is: its time and occurrence, or where it fitted no type its place in the
    -- payload. Null where the whole entry is meant.
    measured_at integer,
    occurrence integer,
    position integer
) strict;
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
    problem text,
    -- 1 where the sink erases what it holds of this before it is delivered, and when it has done so
    rewrite integer not null default 0,
    erased_at integer
) strict;

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

-- Neighbouring entries of the log in a compact form: those that came more than a day ago. Every number between the first
-- and the last has its entry in `content`, and none in `log`.
create table packed (
    first_seq integer primary key,
    last_seq integer not null,
    -- entries with readings, and readings
    filled integer not null,
    readings integer not null,
    -- when the last of them came
    received_at integer not null,
    -- CRC-32 of all the other columns
    checksum integer not null,
    -- see log/packed/form.rs
    content blob not null
) strict;

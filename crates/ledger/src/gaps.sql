-- When a stream could bring nothing, and why: what was sent meanwhile is gone. `ended_at` is null while it lasts.
create table stream_gap (
    account text not null,
    source text not null,
    began_at integer not null,
    ended_at integer,
    cause text not null,
    primary key (account, source, began_at)
) strict, without rowid;

-- Vehicles that `vehicles:` does not name and of which a stream brought messages all the same: none of them was stored.
create table unlisted (
    account text not null,
    source text not null,
    vin text not null,
    messages integer not null,
    last_at integer not null,
    primary key (account, source, vin)
) strict, without rowid;

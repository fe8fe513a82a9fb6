create table mapping (
    account text primary key,
    at integer not null
) strict, without rowid;
insert into mapping (account, at)
    select substr(key, 8), cast(value as integer) from meta where key like 'mapped:%';

create table known_vehicle (
    id integer primary key,
    vin text not null unique,
    account text,
    mapping text,
    details text
) strict;
insert into known_vehicle (id, vin, account, mapping, details)
    select id, vin, account, mapping, details from vehicle where account is not null or details is not null;

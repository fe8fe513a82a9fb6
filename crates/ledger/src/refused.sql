-- Vehicles that an account may not read, as BMW said, and when somebody had logged in last then.
create table refused (
    account text not null,
    vin text not null,
    at integer not null,
    login integer,
    primary key (account, vin)
) strict, without rowid;

-- A vehicle of which something came keeps the name that stores have it by: the last seven characters of its VIN. The journal
-- knows which those are.
alter table known_vehicle add column name text;
insert into known_vehicle (vin, name) select vin, substr(vin, 11) from vehicle where true
    on conflict (vin) do update set name = excluded.name;

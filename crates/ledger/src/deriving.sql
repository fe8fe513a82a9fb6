-- How far records are derived: one row.
create table deriving (
    id integer primary key check (id = 1),
    -- the newest entry whose records are in the journal
    told_through integer not null,
    -- what was known behind entry `seq`, from which the folding goes on; null where it begins with the first one
    seq integer,
    state text,
    -- when its owner asked to have all records derived anew, and what came of it (JSON)
    asked_at integer,
    outcome text
) strict;
insert into deriving (id, told_through) values (1, 0);

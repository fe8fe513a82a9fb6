-- The tables, in version 5. The views are the interface (views.rs, battery/view.rs).

CREATE TABLE IF NOT EXISTS vehicle (
  id INTEGER PRIMARY KEY,
  vin TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS descriptor (
  id INTEGER PRIMARY KEY,
  descriptor TEXT NOT NULL UNIQUE, -- BMW's identifier
  name TEXT NOT NULL,              -- the short name
  type TEXT NOT NULL CHECK (type IN ('bool', 'number', 'text', 'timestamp')),
  unit TEXT                        -- of readings that name no other
);

CREATE TABLE IF NOT EXISTS source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,              -- in the pipeline file
  origin TEXT NOT NULL,            -- poll, stream, archive
  account TEXT NOT NULL,
  stamp TEXT NOT NULL,             -- measured; requested where measured_at is the time of the call
  UNIQUE (name, origin, account, stamp)
);

CREATE TABLE IF NOT EXISTS unit (
  id INTEGER PRIMARY KEY,
  unit TEXT NOT NULL UNIQUE        -- '' where a reading has no unit and its descriptor has one
);

CREATE TABLE IF NOT EXISTS text (
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL UNIQUE
);

-- What one vehicle tells by one descriptor.
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  vehicle_id INTEGER NOT NULL REFERENCES vehicle,
  descriptor_id INTEGER NOT NULL REFERENCES descriptor,
  battery INTEGER,                 -- what it tells of the battery (battery/cells.rs); NULL: nothing
  UNIQUE (vehicle_id, descriptor_id)
);

-- Readings lie in one of three tables, whose rows are the same. A reading is told by its moment, not by its value: what
-- comes again with another value replaces it. `recent` has those of the last time in the order in which they come, so
-- that a batch alters few pages; `middle` and `history` have those before their borders by series, so that a series
-- lies together.
CREATE TABLE IF NOT EXISTS recent (
  series_id INTEGER NOT NULL REFERENCES series,
  measured_at INTEGER NOT NULL,    -- milliseconds since 1970, UTC
  occurrence INTEGER NOT NULL,     -- 0, 1, … of several values of one moment; -1: from here on there is no value
  value,                           -- by the descriptor's type: 0 or 1, the number, text.id, milliseconds since 1970
  delay INTEGER NOT NULL,          -- milliseconds from measured_at until the reading was received
  source_id INTEGER NOT NULL REFERENCES source,
  unit_id INTEGER REFERENCES unit, -- NULL: the descriptor's unit
  PRIMARY KEY (measured_at, series_id, occurrence)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS middle (
  series_id INTEGER NOT NULL,
  measured_at INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  value,
  delay INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  unit_id INTEGER,
  PRIMARY KEY (series_id, measured_at, occurrence)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS history (
  series_id INTEGER NOT NULL,
  measured_at INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  value,
  delay INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  unit_id INTEGER,
  PRIMARY KEY (series_id, measured_at, occurrence)
) WITHOUT ROWID;

-- One row with moments. All readings before `history` lie in the table of this name, those from there to `middle` in that
-- one, all others in `recent`. Before `battery`, which is no earlier than `middle`, rows of the battery are kept.
CREATE TABLE folded (
  history INTEGER NOT NULL,
  middle INTEGER NOT NULL,
  battery INTEGER NOT NULL
);
INSERT INTO folded VALUES (-9223372036854775808, -9223372036854775808, -9223372036854775808);

-- The kinds of records, each by the name of many of them: `trips`. Each has a table (record_ and that name) and a view
-- (that name), made when its first record comes.
CREATE TABLE IF NOT EXISTS record_kind (
  kind TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  root TEXT NOT NULL               -- the kind whose records have these as parts; the kind itself where it is no part
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS record_column (
  kind TEXT NOT NULL REFERENCES record_kind,
  position INTEGER NOT NULL,       -- keys first, those of the root before its own
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('bool', 'number', 'text', 'timestamp')),
  unit TEXT,
  is_key INTEGER NOT NULL,
  PRIMARY KEY (kind, position)
) WITHOUT ROWID;

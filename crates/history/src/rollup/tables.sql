-- Roll-ups, altered in the transactions that alter what they tell of.

-- Numbers in `history` by hour.
CREATE TABLE rollup_hour (
  series_id INTEGER NOT NULL,
  at INTEGER NOT NULL,             -- hours since 1970, UTC
  count INTEGER NOT NULL,          -- of readings
  min,                             -- NULL, like max and last: no reading, ends alone
  max,
  last,
  ended INTEGER NOT NULL,          -- 1: an end came behind the last reading
  PRIMARY KEY (series_id, at)
) WITHOUT ROWID;

-- The same by day: days since 1970, UTC.
CREATE TABLE rollup_day (
  series_id INTEGER NOT NULL,
  at INTEGER NOT NULL,
  count INTEGER NOT NULL,
  min,
  max,
  last,
  ended INTEGER NOT NULL,
  PRIMARY KEY (series_id, at)
) WITHOUT ROWID;

-- Of series of any type, what lies in `history` and `middle`.
CREATE TABLE rollup_total (
  series_id INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,          -- of readings, ends left out
  first INTEGER NOT NULL,          -- milliseconds since 1970, UTC
  last INTEGER NOT NULL
);

CREATE TRIGGER rollup_forget AFTER DELETE ON series BEGIN
  DELETE FROM rollup_hour WHERE series_id = OLD.id;
  DELETE FROM rollup_day WHERE series_id = OLD.id;
  DELETE FROM rollup_total WHERE series_id = OLD.id;
END;

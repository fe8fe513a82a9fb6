-- Fills the tables of version 5 from those of version 4, and drops these.

INSERT INTO series (id, vehicle_id, descriptor_id) SELECT id, vehicle_id, descriptor_id FROM series_4;

-- All rows of the battery were kept.
UPDATE folded SET (history, middle, battery) = (
  SELECT until, until, max(until, coalesce((SELECT max(measured_at) + 1 FROM battery_row), until)) FROM folded_4
);

DROP TABLE series_4;
DROP TABLE folded_4;

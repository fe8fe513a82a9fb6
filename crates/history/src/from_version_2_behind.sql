-- Makes of the tables of version 2 what version 3 had, and drops them.

INSERT INTO source (id, name, origin, account, stamp)
SELECT id, name, origin, account, 'measured' FROM source_2;

INSERT INTO source (name, origin, account, stamp)
SELECT name, origin, account, 'requested' FROM source_2
WHERE id IN (SELECT source_id FROM reading_2 WHERE requested = 1);

-- Version 2 did not keep in which order the values of one moment came: by arrival, and the greater one last.
CREATE TABLE reading_3 (
  vehicle_id, measured_at, descriptor_id, occurrence, value, delay, source_id, unit_id,
  PRIMARY KEY (vehicle_id, measured_at, descriptor_id, occurrence)
) WITHOUT ROWID;

INSERT INTO reading_3
SELECT
  vehicle_id,
  measured_at,
  descriptor_id,
  (
    SELECT count(*) FROM reading_2 AS earlier
    WHERE earlier.vehicle_id = reading_2.vehicle_id
      AND earlier.measured_at = reading_2.measured_at
      AND earlier.descriptor_id = reading_2.descriptor_id
      AND (earlier.delay, earlier.value) < (reading_2.delay, reading_2.value)
  ),
  value,
  delay,
  CASE requested
    WHEN 0 THEN source_id
    ELSE (
      SELECT source.id FROM source_2 JOIN source USING (name, origin, account)
      WHERE source_2.id = reading_2.source_id AND source.stamp = 'requested'
    )
  END,
  unit_id
FROM reading_2;

DROP TABLE reading_2;
DROP TABLE source_2;

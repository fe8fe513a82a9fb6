-- Schema 2. The way that a reading came, at the end of every row; and where the car was.

DROP VIEW readings;
DROP VIEW latest;
DROP VIEW decoded;

-- As in schema 1, with the origin.
CREATE VIEW decoded AS
SELECT
  vehicle.id AS vehicle_id,
  reading.descriptor_id,
  reading.value AS stored,
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  strftime('%Y-%m-%dT%H:%M:%fZ', reading.measured_at / 1000.0, 'unixepoch') AS measured_at,
  CASE descriptor.type
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = reading.value)
    WHEN 'timestamp' THEN strftime('%Y-%m-%dT%H:%M:%fZ', reading.value / 1000.0, 'unixepoch')
    ELSE reading.value
  END AS value,
  CASE WHEN reading.unit_id IS NULL THEN descriptor.unit ELSE nullif(unit.unit, '') END AS unit,
  source.name AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', (reading.measured_at + reading.delay) / 1000.0, 'unixepoch') AS received_at,
  CASE reading.requested WHEN 0 THEN 'measured' ELSE 'requested' END AS stamp,
  reading.measured_at AS measured_ms,
  source.origin
FROM vehicle
CROSS JOIN reading ON reading.vehicle_id = vehicle.id
JOIN descriptor ON descriptor.id = reading.descriptor_id
LEFT JOIN source ON source.id = reading.source_id
LEFT JOIN unit ON unit.id = reading.unit_id;

CREATE VIEW readings AS
SELECT vin, vehicle, descriptor, name, measured_at, value, unit, source, received_at, stamp, measured_ms, origin
FROM decoded;

CREATE VIEW latest AS
SELECT
  vin, vehicle, descriptor, name, decoded.measured_at, decoded.value, unit, source, received_at, stamp, measured_ms,
  origin
FROM newest
CROSS JOIN decoded
  ON decoded.vehicle_id = newest.vehicle_id
  AND decoded.measured_ms = newest.measured_at
  AND decoded.descriptor_id = newest.descriptor_id
  AND decoded.stored = newest.value;

-- One row for each moment at which both latitude and longitude were measured. Parts that were measured at
-- different times are never put together: the car was at neither place. What was stamped with the time of a call says
-- nothing of where the car was then. Of several values for one moment the last that was received counts. The sign in
-- `+latitude.measured_at` keeps a filter by time from replacing the search for that one moment.
CREATE VIEW position AS
SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  strftime('%Y-%m-%dT%H:%M:%fZ', latitude.measured_at / 1000.0, 'unixepoch') AS measured_at,
  latitude.value AS latitude,
  longitude.value AS longitude,
  (
    SELECT part.value FROM reading AS part
    WHERE part.vehicle_id = latitude.vehicle_id
      AND part.measured_at = latitude.measured_at
      AND part.descriptor_id = (
        SELECT id FROM descriptor
        WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.altitude'
      )
      AND part.requested = 0
    ORDER BY part.delay DESC, part.value DESC LIMIT 1
  ) AS altitude,
  (
    SELECT part.value FROM reading AS part
    WHERE part.vehicle_id = latitude.vehicle_id
      AND part.measured_at = latitude.measured_at
      AND part.descriptor_id = (
        SELECT id FROM descriptor
        WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.heading'
      )
      AND part.requested = 0
    ORDER BY part.delay DESC, part.value DESC LIMIT 1
  ) AS heading,
  latitude.measured_at AS measured_ms
FROM vehicle
CROSS JOIN reading AS latitude ON latitude.vehicle_id = vehicle.id
CROSS JOIN reading AS longitude
  ON longitude.vehicle_id = latitude.vehicle_id AND longitude.measured_at = +latitude.measured_at
WHERE
  latitude.descriptor_id = (
    SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.latitude'
  )
  AND latitude.requested = 0
  AND NOT EXISTS (
    SELECT 1 FROM reading AS later
    WHERE later.vehicle_id = latitude.vehicle_id
      AND later.measured_at = latitude.measured_at
      AND later.descriptor_id = latitude.descriptor_id
      AND later.requested = 0
      AND (later.delay, later.value) > (latitude.delay, latitude.value)
  )
  AND longitude.descriptor_id = (
    SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.longitude'
  )
  AND longitude.requested = 0
  AND NOT EXISTS (
    SELECT 1 FROM reading AS later
    WHERE later.vehicle_id = longitude.vehicle_id
      AND later.measured_at = longitude.measured_at
      AND later.descriptor_id = longitude.descriptor_id
      AND later.requested = 0
      AND (later.delay, later.value) > (longitude.delay, longitude.value)
  );

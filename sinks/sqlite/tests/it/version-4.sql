-- A database as the sink of version 4 wrote it, with the same in it as that of version 3: the first readings lie in the
-- order of their series.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1130447969;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE battery_row (measured_at INTEGER NOT NULL, vehicle_id INTEGER NOT NULL REFERENCES vehicle, soc, target_soc, predicted_soc, trip_end_soc, range_km, charging_status, hv_status, plugged, power_kw, auxiliary_power_kw, ac_voltage, ac_current, minutes_to_full, max_energy_kwh, health,
         PRIMARY KEY (measured_at, vehicle_id)) WITHOUT ROWID;
INSERT INTO "battery_row" VALUES(1772366340000,1,73,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "battery_row" VALUES(1772366400000,1,75.0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "battery_row" VALUES(1772366401000,1,75.0,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "battery_row" VALUES(1772366403000,1,75.0,NULL,NULL,NULL,NULL,NULL,1,NULL,11,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "battery_row" VALUES(1772366404000,1,75.0,NULL,NULL,NULL,NULL,NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "battery_row" VALUES(1772366405000,2,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE descriptor (
  id INTEGER PRIMARY KEY,
  descriptor TEXT NOT NULL UNIQUE, -- BMW's identifier
  name TEXT NOT NULL,              -- the short name
  type TEXT NOT NULL CHECK (type IN ('bool', 'number', 'text', 'timestamp')),
  unit TEXT                        -- of readings that name no other
);
INSERT INTO "descriptor" VALUES(1,'vehicle.drivetrain.batteryManagement.header','soc','number','%');
INSERT INTO "descriptor" VALUES(2,'vehicle.drivetrain.electricEngine.charging.hvStatus','hv_status','text',NULL);
INSERT INTO "descriptor" VALUES(3,'vehicle.new.distance','vehicle.new.distance','number',NULL);
INSERT INTO "descriptor" VALUES(4,'vehicle.powertrain.electric.battery.charging.power','charging_power','number','kW');
CREATE TABLE folded (
  until INTEGER NOT NULL
);
INSERT INTO "folded" VALUES(1772366401000);
CREATE TABLE history (
  series_id INTEGER NOT NULL,
  measured_at INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  value,
  delay INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  unit_id INTEGER,
  PRIMARY KEY (series_id, measured_at, occurrence)
) WITHOUT ROWID;
INSERT INTO "history" VALUES(1,1772366340000,0,73,60000,1,NULL);
INSERT INTO "history" VALUES(1,1772366400000,0,75,59000,1,NULL);
INSERT INTO "history" VALUES(1,1772366400000,1,74.5,60000,1,NULL);
CREATE TABLE my_tariff (kwh REAL);
INSERT INTO "my_tariff" VALUES(0.3);
CREATE TABLE recent (
  series_id INTEGER NOT NULL REFERENCES series,
  measured_at INTEGER NOT NULL,    -- milliseconds since 1970, UTC
  occurrence INTEGER NOT NULL,     -- 0, 1, … of several values of one moment; -1: from here on there is no value
  value,                           -- by the descriptor's type: 0 or 1, the number, text.id, milliseconds since 1970
  delay INTEGER NOT NULL,          -- milliseconds from measured_at until the reading was received
  source_id INTEGER NOT NULL REFERENCES source,
  unit_id INTEGER REFERENCES unit, -- NULL: the descriptor's unit
  PRIMARY KEY (measured_at, series_id, occurrence)
) WITHOUT ROWID;
INSERT INTO "recent" VALUES(2,1772366401000,0,1,0,3,NULL);
INSERT INTO "recent" VALUES(3,1772366402000,0,2.5,60000,2,1);
INSERT INTO "recent" VALUES(4,1772366403000,0,11,0,2,NULL);
INSERT INTO "recent" VALUES(4,1772366404000,-1,NULL,0,2,NULL);
INSERT INTO "recent" VALUES(5,1772366405000,0,20,0,2,NULL);
CREATE TABLE record_column (
  kind TEXT NOT NULL REFERENCES record_kind,
  position INTEGER NOT NULL,       -- keys first, those of the root before its own
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK (type IN ('bool', 'number', 'text', 'timestamp')),
  unit TEXT,
  is_key INTEGER NOT NULL,
  PRIMARY KEY (kind, position)
) WITHOUT ROWID;
INSERT INTO "record_column" VALUES('nap',0,'start','timestamp',NULL,1);
INSERT INTO "record_column" VALUES('nap',1,'hours','number','h',0);
CREATE TABLE record_kind (
  kind TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  root TEXT NOT NULL               -- the kind whose records have these as parts; the kind itself where it is no part
) WITHOUT ROWID;
INSERT INTO "record_kind" VALUES('nap','Naps','nap');
CREATE TABLE "record_nap" (vehicle INTEGER NOT NULL REFERENCES vehicle, "start" NOT NULL, at INTEGER NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL, "hours", PRIMARY KEY (vehicle, "start")) WITHOUT ROWID;
INSERT INTO "record_nap" VALUES(1,1772366400000,1772366400000,1,'final',8);
CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  vehicle_id INTEGER NOT NULL REFERENCES vehicle,
  descriptor_id INTEGER NOT NULL REFERENCES descriptor,
  UNIQUE (vehicle_id, descriptor_id)
);
INSERT INTO "series" VALUES(1,1,1);
INSERT INTO "series" VALUES(2,1,2);
INSERT INTO "series" VALUES(3,1,3);
INSERT INTO "series" VALUES(4,1,4);
INSERT INTO "series" VALUES(5,2,1);
CREATE TABLE source (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,              -- in the pipeline file
  origin TEXT NOT NULL,            -- poll, stream, archive
  account TEXT NOT NULL,
  stamp TEXT NOT NULL,             -- measured; requested where measured_at is the time of the call
  UNIQUE (name, origin, account, stamp)
);
INSERT INTO "source" VALUES(1,'telematics','poll','home','measured');
INSERT INTO "source" VALUES(2,'stream','stream','home','measured');
INSERT INTO "source" VALUES(3,'telematics','poll','home','requested');
CREATE TABLE text (
  id INTEGER PRIMARY KEY,
  value TEXT NOT NULL UNIQUE
);
INSERT INTO "text" VALUES(1,'CHARGING');
CREATE TABLE unit (
  id INTEGER PRIMARY KEY,
  unit TEXT NOT NULL UNIQUE        -- '' where a reading has no unit and its descriptor has one
);
INSERT INTO "unit" VALUES(1,'km');
CREATE TABLE vehicle (
  id INTEGER PRIMARY KEY,
  vin TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL
);
INSERT INTO "vehicle" VALUES(1,'WBY8P210X07A12345','i4');
INSERT INTO "vehicle" VALUES(2,'WBA00000000000002','330e');
CREATE VIEW "nap" AS SELECT vehicle.vin, vehicle.name AS vehicle, record.state, record.revision, record."hours" FROM "record_nap" AS record JOIN vehicle ON vehicle.id = record.vehicle;
CREATE VIEW my_soc AS SELECT measured_ms, value FROM readings WHERE name = 'soc';
CREATE VIEW readings AS SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CASE descriptor.type
    WHEN 'number' THEN CAST(row.value AS REAL)
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = row.value)
    WHEN 'timestamp' THEN strftime('%Y-%m-%dT%H:%M:%fZ', (row.value) / 1000.0, 'unixepoch')
    ELSE row.value
  END AS value,
  CASE WHEN row.unit_id IS NULL THEN descriptor.unit
    ELSE (SELECT nullif(unit.unit, '') FROM unit WHERE unit.id = row.unit_id) END AS unit,
  source.name AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at + row.delay) / 1000.0, 'unixepoch') AS received_at,
  source.stamp,
  row.measured_at AS measured_ms,
  source.origin,
  row.occurrence
FROM series
JOIN vehicle ON vehicle.id = series.vehicle_id
JOIN descriptor ON descriptor.id = series.descriptor_id
CROSS JOIN history AS row ON row.series_id = series.id
LEFT JOIN source ON source.id = row.source_id
WHERE row.occurrence >= 0
UNION ALL
SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CASE descriptor.type
    WHEN 'number' THEN CAST(row.value AS REAL)
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = row.value)
    WHEN 'timestamp' THEN strftime('%Y-%m-%dT%H:%M:%fZ', (row.value) / 1000.0, 'unixepoch')
    ELSE row.value
  END AS value,
  CASE WHEN row.unit_id IS NULL THEN descriptor.unit
    ELSE (SELECT nullif(unit.unit, '') FROM unit WHERE unit.id = row.unit_id) END AS unit,
  source.name AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at + row.delay) / 1000.0, 'unixepoch') AS received_at,
  source.stamp,
  row.measured_at AS measured_ms,
  source.origin,
  row.occurrence
FROM recent AS row
CROSS JOIN series ON series.id = row.series_id
CROSS JOIN descriptor ON descriptor.id = series.descriptor_id
CROSS JOIN vehicle ON vehicle.id = series.vehicle_id
LEFT JOIN source ON source.id = row.source_id
WHERE row.occurrence >= 0;
CREATE VIEW latest AS SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CASE descriptor.type
    WHEN 'number' THEN CAST(row.value AS REAL)
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = row.value)
    WHEN 'timestamp' THEN strftime('%Y-%m-%dT%H:%M:%fZ', (row.value) / 1000.0, 'unixepoch')
    ELSE row.value
  END AS value,
  CASE WHEN row.unit_id IS NULL THEN descriptor.unit
    ELSE (SELECT nullif(unit.unit, '') FROM unit WHERE unit.id = row.unit_id) END AS unit,
  source.name AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at + row.delay) / 1000.0, 'unixepoch') AS received_at,
  source.stamp,
  row.measured_at AS measured_ms,
  source.origin,
  row.occurrence
FROM (SELECT series_id, max(measured_at * 16384 + occurrence + 1) AS at FROM recent GROUP BY series_id) AS last
CROSS JOIN recent AS row ON row.measured_at = last.at >> 14 AND row.series_id = last.series_id
  AND row.occurrence = (last.at & 16383) - 1
CROSS JOIN series ON series.id = row.series_id
CROSS JOIN descriptor ON descriptor.id = series.descriptor_id
CROSS JOIN vehicle ON vehicle.id = series.vehicle_id
LEFT JOIN source ON source.id = row.source_id
WHERE row.occurrence >= 0
UNION ALL
SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CASE descriptor.type
    WHEN 'number' THEN CAST(row.value AS REAL)
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = row.value)
    WHEN 'timestamp' THEN strftime('%Y-%m-%dT%H:%M:%fZ', (row.value) / 1000.0, 'unixepoch')
    ELSE row.value
  END AS value,
  CASE WHEN row.unit_id IS NULL THEN descriptor.unit
    ELSE (SELECT nullif(unit.unit, '') FROM unit WHERE unit.id = row.unit_id) END AS unit,
  source.name AS source,
  strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at + row.delay) / 1000.0, 'unixepoch') AS received_at,
  source.stamp,
  row.measured_at AS measured_ms,
  source.origin,
  row.occurrence
FROM series
JOIN vehicle ON vehicle.id = series.vehicle_id
JOIN descriptor ON descriptor.id = series.descriptor_id
CROSS JOIN history AS row ON row.series_id = series.id AND (row.measured_at, row.occurrence) = (
  SELECT last.measured_at, last.occurrence FROM history AS last WHERE last.series_id = series.id
  ORDER BY last.measured_at DESC, last.occurrence DESC LIMIT 1
)
LEFT JOIN source ON source.id = row.source_id
WHERE row.occurrence >= 0
  AND series.id NOT IN (SELECT recent.series_id FROM recent);
CREATE VIEW battery AS SELECT vehicle.vin, vehicle.name AS vehicle, strftime('%Y-%m-%dT%H:%M:%fZ', (row.measured_at) / 1000.0, 'unixepoch') AS measured_at, row.soc, row.target_soc, row.predicted_soc, row.trip_end_soc, row.range_km, (SELECT text.value FROM text WHERE text.id = row.charging_status) AS charging_status, (SELECT text.value FROM text WHERE text.id = row.hv_status) AS hv_status, row.plugged, row.power_kw, row.auxiliary_power_kw, row.ac_voltage, row.ac_current, row.minutes_to_full, row.max_energy_kwh, row.health, 
         row.measured_at AS measured_ms
         FROM battery_row AS row CROSS JOIN vehicle ON vehicle.id = row.vehicle_id;
CREATE VIEW position AS SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  strftime('%Y-%m-%dT%H:%M:%fZ', (latitude.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CAST(latitude.value AS REAL) AS latitude,
  CAST(longitude.value AS REAL) AS longitude,
  (
    SELECT CAST(part.value AS REAL) FROM history AS part
    WHERE part.series_id = (
        SELECT id FROM series WHERE vehicle_id = north.vehicle_id AND descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.altitude')
      )
      AND part.measured_at = latitude.measured_at
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS altitude,
  (
    SELECT CAST(part.value AS REAL) FROM history AS part
    WHERE part.series_id = (
        SELECT id FROM series WHERE vehicle_id = north.vehicle_id AND descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.heading')
      )
      AND part.measured_at = latitude.measured_at
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS heading,
  latitude.measured_at AS measured_ms
FROM series AS north
CROSS JOIN series AS east ON east.vehicle_id = north.vehicle_id AND east.descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.longitude')
CROSS JOIN history AS latitude ON latitude.series_id = north.id
CROSS JOIN history AS longitude ON longitude.series_id = east.id AND longitude.measured_at = +latitude.measured_at
CROSS JOIN vehicle ON vehicle.id = north.vehicle_id
WHERE north.descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.latitude') AND latitude.occurrence >= 0 AND latitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured') AND NOT EXISTS (
    SELECT 1 FROM history AS later
    WHERE later.series_id = latitude.series_id AND later.measured_at = latitude.measured_at
      AND later.occurrence > latitude.occurrence AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  ) AND longitude.occurrence >= 0 AND longitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured') AND NOT EXISTS (
    SELECT 1 FROM history AS later
    WHERE later.series_id = longitude.series_id AND later.measured_at = longitude.measured_at
      AND later.occurrence > longitude.occurrence AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  )
UNION ALL
SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  strftime('%Y-%m-%dT%H:%M:%fZ', (latitude.measured_at) / 1000.0, 'unixepoch') AS measured_at,
  CAST(latitude.value AS REAL) AS latitude,
  CAST(longitude.value AS REAL) AS longitude,
  (
    SELECT CAST(part.value AS REAL) FROM recent AS part
    WHERE part.series_id = (
        SELECT id FROM series WHERE vehicle_id = north.vehicle_id AND descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.altitude')
      )
      AND part.measured_at = latitude.measured_at
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS altitude,
  (
    SELECT CAST(part.value AS REAL) FROM recent AS part
    WHERE part.series_id = (
        SELECT id FROM series WHERE vehicle_id = north.vehicle_id AND descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.heading')
      )
      AND part.measured_at = latitude.measured_at
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS heading,
  latitude.measured_at AS measured_ms
FROM recent AS latitude
CROSS JOIN series AS north ON north.id = latitude.series_id
CROSS JOIN series AS east ON east.vehicle_id = north.vehicle_id AND east.descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.longitude')
CROSS JOIN recent AS longitude ON longitude.series_id = east.id AND longitude.measured_at = latitude.measured_at
CROSS JOIN vehicle ON vehicle.id = north.vehicle_id
WHERE north.descriptor_id = (SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.latitude') AND latitude.occurrence >= 0 AND latitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured') AND NOT EXISTS (
    SELECT 1 FROM recent AS later
    WHERE later.series_id = latitude.series_id AND later.measured_at = latitude.measured_at
      AND later.occurrence > latitude.occurrence AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  ) AND longitude.occurrence >= 0 AND longitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured') AND NOT EXISTS (
    SELECT 1 FROM recent AS later
    WHERE later.series_id = longitude.series_id AND later.measured_at = longitude.measured_at
      AND later.occurrence > longitude.occurrence AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  );
COMMIT;

-- A database as the sink of version 3 wrote it: two vehicles, two values of one moment, an end, a text, a unit of its own,
-- records; and a table and a view of its owner's.
PRAGMA foreign_keys = OFF;
PRAGMA application_id = 1130447969;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
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
CREATE TABLE my_tariff (kwh REAL);
INSERT INTO "my_tariff" VALUES(0.3);
CREATE TABLE newest (
  vehicle_id INTEGER NOT NULL REFERENCES vehicle,
  descriptor_id INTEGER NOT NULL REFERENCES descriptor,
  measured_at INTEGER NOT NULL,
  occurrence INTEGER NOT NULL,
  PRIMARY KEY (vehicle_id, descriptor_id)
) WITHOUT ROWID;
INSERT INTO "newest" VALUES(1,1,1772366400000,1);
INSERT INTO "newest" VALUES(1,2,1772366401000,0);
INSERT INTO "newest" VALUES(1,3,1772366402000,0);
INSERT INTO "newest" VALUES(1,4,1772366404000,-1);
INSERT INTO "newest" VALUES(2,1,1772366405000,0);
CREATE TABLE reading (
  vehicle_id INTEGER NOT NULL REFERENCES vehicle,
  measured_at INTEGER NOT NULL,    -- milliseconds since 1970, UTC
  descriptor_id INTEGER NOT NULL REFERENCES descriptor,
  occurrence INTEGER NOT NULL,     -- 0, 1, … of several values of one moment; -1: from here on there is no value
  value,                           -- by the descriptor's type: 0 or 1, the number, text.id, milliseconds since 1970
  delay INTEGER NOT NULL,          -- milliseconds from measured_at until the reading was received
  source_id INTEGER NOT NULL REFERENCES source,
  unit_id INTEGER REFERENCES unit, -- NULL: the descriptor's unit
  PRIMARY KEY (vehicle_id, measured_at, descriptor_id, occurrence)
) WITHOUT ROWID;
INSERT INTO "reading" VALUES(1,1772366340000,1,0,73,60000,1,NULL);
INSERT INTO "reading" VALUES(1,1772366400000,1,0,75,59000,1,NULL);
INSERT INTO "reading" VALUES(1,1772366400000,1,1,74.5,60000,1,NULL);
INSERT INTO "reading" VALUES(1,1772366401000,2,0,1,0,3,NULL);
INSERT INTO "reading" VALUES(1,1772366402000,3,0,2.5,60000,2,1);
INSERT INTO "reading" VALUES(1,1772366403000,4,0,11,0,2,NULL);
INSERT INTO "reading" VALUES(1,1772366404000,4,-1,NULL,0,2,NULL);
INSERT INTO "reading" VALUES(2,1772366405000,1,0,20,0,2,NULL);
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
CREATE VIEW decoded AS
SELECT
  vehicle.id AS vehicle_id,
  reading.descriptor_id,
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
  source.stamp,
  reading.measured_at AS measured_ms,
  source.origin,
  reading.occurrence
FROM vehicle
CROSS JOIN reading ON reading.vehicle_id = vehicle.id AND reading.occurrence >= 0
JOIN descriptor ON descriptor.id = reading.descriptor_id
LEFT JOIN source ON source.id = reading.source_id
LEFT JOIN unit ON unit.id = reading.unit_id;
CREATE VIEW readings AS
SELECT
  vin, vehicle, descriptor, name, measured_at, value, unit, source, received_at, stamp, measured_ms, origin,
  occurrence
FROM decoded;
CREATE VIEW latest AS
SELECT
  vin, vehicle, descriptor, name, decoded.measured_at, value, unit, source, received_at, stamp, measured_ms, origin,
  decoded.occurrence
FROM newest
CROSS JOIN decoded
  ON decoded.vehicle_id = newest.vehicle_id
  AND decoded.measured_ms = newest.measured_at
  AND decoded.descriptor_id = newest.descriptor_id
  AND decoded.occurrence = newest.occurrence;
CREATE VIEW battery AS
SELECT
  vin,
  vehicle,
  measured_at,
  coalesce(
    max(CASE descriptor WHEN 'vehicle.drivetrain.batteryManagement.header' THEN value END),
    max(CASE descriptor WHEN 'vehicle.powertrain.electric.battery.stateOfCharge.displayed' THEN value END)
  ) AS soc,
  max(CASE descriptor WHEN 'vehicle.powertrain.electric.battery.stateOfCharge.target' THEN value END) AS target_soc,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.level' THEN value END) AS predicted_soc,
  max(CASE descriptor WHEN 'vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc' THEN value END) AS trip_end_soc,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.remainingElectricRange' THEN value END) AS range_km,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.status' THEN value END) AS charging_status,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.hvStatus' THEN value END) AS hv_status,
  coalesce(
    max(CASE WHEN descriptor IN ('vehicle.body.chargingPort.status', 'vehicle.body.chargingPort.combinedStatus')
      THEN CASE upper(value) WHEN 'CONNECTED' THEN 1 WHEN 'DISCONNECTED' THEN 0 END END),
    max(CASE descriptor WHEN 'vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged' THEN value END)
  ) AS plugged,
  max(CASE descriptor WHEN 'vehicle.powertrain.electric.battery.charging.power' THEN value / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END END) AS power_kw,
  max(CASE descriptor WHEN 'vehicle.vehicle.avgAuxPower' THEN value / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END END) AS auxiliary_power_kw,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.acVoltage' THEN value END) AS ac_voltage,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.acAmpere' THEN value END) AS ac_current,
  max(CASE descriptor WHEN 'vehicle.drivetrain.electricEngine.charging.timeToFullyCharged' THEN value END) AS minutes_to_full,
  max(CASE descriptor WHEN 'vehicle.drivetrain.batteryManagement.maxEnergy' THEN value END) AS max_energy_kwh,
  max(CASE descriptor WHEN 'vehicle.powertrain.electric.battery.stateOfHealth.displayed' THEN value END) AS health,
  measured_ms
FROM decoded
WHERE descriptor IN (
  'vehicle.drivetrain.batteryManagement.header',
  'vehicle.powertrain.electric.battery.stateOfCharge.displayed',
  'vehicle.powertrain.electric.battery.stateOfCharge.target',
  'vehicle.drivetrain.electricEngine.charging.level',
  'vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc',
  'vehicle.drivetrain.electricEngine.remainingElectricRange',
  'vehicle.drivetrain.electricEngine.charging.status',
  'vehicle.drivetrain.electricEngine.charging.hvStatus',
  'vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged',
  'vehicle.body.chargingPort.status',
  'vehicle.body.chargingPort.combinedStatus',
  'vehicle.powertrain.electric.battery.charging.power',
  'vehicle.vehicle.avgAuxPower',
  'vehicle.drivetrain.electricEngine.charging.acVoltage',
  'vehicle.drivetrain.electricEngine.charging.acAmpere',
  'vehicle.drivetrain.electricEngine.charging.timeToFullyCharged',
  'vehicle.drivetrain.batteryManagement.maxEnergy',
  'vehicle.powertrain.electric.battery.stateOfHealth.displayed'
)
GROUP BY vehicle_id, measured_ms;
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
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS altitude,
  (
    SELECT part.value FROM reading AS part
    WHERE part.vehicle_id = latitude.vehicle_id
      AND part.measured_at = latitude.measured_at
      AND part.descriptor_id = (
        SELECT id FROM descriptor
        WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.heading'
      )
      AND part.occurrence >= 0
      AND part.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
    ORDER BY part.occurrence DESC LIMIT 1
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
  AND latitude.occurrence >= 0
  AND latitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  AND NOT EXISTS (
    SELECT 1 FROM reading AS later
    WHERE later.vehicle_id = latitude.vehicle_id
      AND later.measured_at = latitude.measured_at
      AND later.descriptor_id = latitude.descriptor_id
      AND later.occurrence > latitude.occurrence
      AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  )
  AND longitude.descriptor_id = (
    SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.longitude'
  )
  AND longitude.occurrence >= 0
  AND longitude.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  AND NOT EXISTS (
    SELECT 1 FROM reading AS later
    WHERE later.vehicle_id = longitude.vehicle_id
      AND later.measured_at = longitude.measured_at
      AND later.descriptor_id = longitude.descriptor_id
      AND later.occurrence > longitude.occurrence
      AND later.source_id IN (SELECT id FROM source WHERE stamp = 'measured')
  );
CREATE VIEW "nap" AS SELECT vehicle.vin, vehicle.name AS vehicle, record.state, record.revision, record."hours" FROM "record_nap" AS record JOIN vehicle ON vehicle.id = record.vehicle;
CREATE VIEW my_soc AS SELECT measured_ms, value FROM readings WHERE name = 'soc';
COMMIT;

PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
    key text primary key,
    value text not null
) strict, without rowid;
INSERT INTO meta VALUES('log_id','821cd1bbcad2cd8fa4eff267a4c64f98');
INSERT INTO meta VALUES('mapped:demo','1795994786188');
CREATE TABLE vehicle (
    id integer primary key,
    vin text not null unique,
    account text,
    -- PRIMARY or SECONDARY, as the mapping said
    mapping text,
    mapped_at integer,
    -- the answer of basicData
    details text
) strict;
INSERT INTO vehicle VALUES(1,'WBY71AW050FP12345','demo','PRIMARY',1795994786188,NULL);
CREATE TABLE feed (
    id integer primary key,
    account text not null,
    source text not null,
    origin text not null,
    unique (account, source, origin)
) strict;
INSERT INTO feed VALUES(1,'demo','telematics','poll');
CREATE TABLE log (
    seq integer primary key autoincrement,
    vehicle_id integer not null references vehicle,
    feed_id integer not null references feed,
    requested_at integer,
    received_at integer not null,
    -- readings in the payload, and readings that were left out as repeats
    readings integer not null,
    repeats integer not null,
    payload text not null
, checksum integer) strict;
INSERT INTO log VALUES(1,1,1,1795994822198,1795994823124,23,0,'{"v":1,"readings":[["vehicle.body.chargingPort.lockedStatus",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"CHARGING_CABLE_NOT_LOCKED"}],["vehicle.body.chargingPort.plugEventId",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"1060"}],["vehicle.drivetrain.batteryManagement.batterySizeMax",{"timestamp":"2026-10-04T01:58:25.000Z","unit":"kWh","value":"0"}],["vehicle.drivetrain.batteryManagement.header",{"timestamp":"2026-11-29T14:40:51.000Z","unit":"%","value":"73"}],["vehicle.drivetrain.batteryManagement.maxEnergy",{"timestamp":"2026-11-29T14:40:51.000Z","unit":"kWh","value":"76"}],["vehicle.drivetrain.electricEngine.charging.acAmpere",{"timestamp":"2026-11-29T13:55:51.000Z","unit":"A","value":"-NA-"}],["vehicle.drivetrain.electricEngine.charging.acVoltage",{"timestamp":"2026-11-29T13:55:51.000Z","unit":"V","value":"-NA-"}],["vehicle.drivetrain.electricEngine.charging.hvStatus",{"timestamp":"2026-11-29T23:27:02.816Z","unit":null,"value":"INVALID"}],["vehicle.drivetrain.electricEngine.charging.lastChargingReason",{"timestamp":"2026-11-29T23:27:02.816Z","unit":null,"value":"CHARGING_GOAL_REACHED"}],["vehicle.drivetrain.electricEngine.charging.lastChargingResult",{"timestamp":"2026-11-29T23:27:02.816Z","unit":null,"value":"SUCCESS"}],["vehicle.drivetrain.electricEngine.charging.level",{"timestamp":"2026-11-29T23:27:02.816Z","unit":"%","value":"73"}],["vehicle.drivetrain.electricEngine.charging.method",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"NOCHARGING"}],["vehicle.drivetrain.electricEngine.charging.phaseNumber",{"timestamp":null,"unit":null,"value":null}],["vehicle.drivetrain.electricEngine.charging.reasonChargingEnd",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"NO_CHARGING_END_SINCE_IPF_WAKEUP"}],["vehicle.drivetrain.electricEngine.charging.status",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"NOCHARGING"}],["vehicle.drivetrain.electricEngine.charging.timeRemaining",{"timestamp":"2026-11-29T13:55:51.000Z","unit":"min","value":"0"}],["vehicle.drivetrain.electricEngine.charging.timeToFullyCharged",{"timestamp":null,"unit":"min","value":null}],["vehicle.drivetrain.electricEngine.remainingElectricRange",{"timestamp":"2026-11-29T23:27:02.816Z","unit":"km","value":"315"}],["vehicle.powertrain.electric.battery.charging.acLimit.selected",{"timestamp":"2026-10-04T01:58:25.000Z","unit":"A","value":"16"}],["vehicle.powertrain.electric.battery.charging.power",{"timestamp":"2026-11-29T13:55:51.000Z","unit":"W","value":"0"}],["vehicle.powertrain.electric.battery.preconditioning.automaticMode.statusFeedback",{"timestamp":"2026-10-04T01:58:25.000Z","unit":null,"value":"OFF"}],["vehicle.powertrain.electric.battery.preconditioning.manualMode.statusFeedback",{"timestamp":"2026-10-04T01:58:25.000Z","unit":null,"value":"OFF"}],["vehicle.powertrain.electric.battery.stateOfCharge.target",{"timestamp":"2026-10-04T01:58:25.000Z","unit":"%","value":"80"}],["vehicle.powertrain.electric.battery.stateOfHealth.displayed",{"timestamp":"2026-11-22T14:37:00.000Z","unit":null,"value":"97"}],["vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"false"}],["vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",{"timestamp":"2026-11-29T13:55:51.000Z","unit":null,"value":"false"}],["vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal",{"timestamp":"2026-11-29T14:40:51.873Z","unit":null,"value":"3.74"}],["vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",{"timestamp":"2026-11-29T14:40:51.873Z","unit":"%","value":"72.7"}],["vehicle.vehicle.avgAuxPower",{"timestamp":"2026-11-29T14:40:51.000Z","unit":"kW","value":null}]]}',800902507);
CREATE TABLE series (
    id integer primary key,
    vehicle_id integer not null references vehicle,
    descriptor text not null,
    -- the last value received, whatever its time
    last_hash integer,
    -- what came since that is no value: an absence or a misfit; null where the last was a value
    last_misfit integer,
    -- how often BMW sent no value
    absent integer not null default 0,
    last_absent_at integer, latest_at integer, latest_occurrence integer, latest_seq integer,
    unique (vehicle_id, descriptor)
) strict;
INSERT INTO series VALUES(1,1,'vehicle.body.chargingPort.lockedStatus',1713956063772118075,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(2,1,'vehicle.body.chargingPort.plugEventId',749635018594521789,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(3,1,'vehicle.drivetrain.batteryManagement.batterySizeMax',-5880911425300752276,NULL,0,NULL,1791079105000,0,1);
INSERT INTO series VALUES(4,1,'vehicle.drivetrain.batteryManagement.header',-4966579444874903284,NULL,0,NULL,1795963251000,0,1);
INSERT INTO series VALUES(5,1,'vehicle.drivetrain.batteryManagement.maxEnergy',-1400057901394944298,NULL,0,NULL,1795963251000,0,1);
INSERT INTO series VALUES(6,1,'vehicle.drivetrain.electricEngine.charging.acAmpere',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
INSERT INTO series VALUES(7,1,'vehicle.drivetrain.electricEngine.charging.acVoltage',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
INSERT INTO series VALUES(8,1,'vehicle.drivetrain.electricEngine.charging.hvStatus',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
INSERT INTO series VALUES(9,1,'vehicle.drivetrain.electricEngine.charging.lastChargingReason',-4273800683764437120,NULL,0,NULL,1795994822816,0,1);
INSERT INTO series VALUES(10,1,'vehicle.drivetrain.electricEngine.charging.lastChargingResult',-8507252947695769222,NULL,0,NULL,1795994822816,0,1);
INSERT INTO series VALUES(11,1,'vehicle.drivetrain.electricEngine.charging.level',-4966579444874903284,NULL,0,NULL,1795994822816,0,1);
INSERT INTO series VALUES(12,1,'vehicle.drivetrain.electricEngine.charging.method',839150182434483634,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(13,1,'vehicle.drivetrain.electricEngine.charging.phaseNumber',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
INSERT INTO series VALUES(14,1,'vehicle.drivetrain.electricEngine.charging.reasonChargingEnd',-8258092288534920099,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(15,1,'vehicle.drivetrain.electricEngine.charging.status',839150182434483634,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(16,1,'vehicle.drivetrain.electricEngine.charging.timeRemaining',-5880911425300752276,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(17,1,'vehicle.drivetrain.electricEngine.charging.timeToFullyCharged',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
INSERT INTO series VALUES(18,1,'vehicle.drivetrain.electricEngine.remainingElectricRange',3439490917125769356,NULL,0,NULL,1795994822816,0,1);
INSERT INTO series VALUES(19,1,'vehicle.powertrain.electric.battery.charging.acLimit.selected',-3441127207149442160,NULL,0,NULL,1791079105000,0,1);
INSERT INTO series VALUES(20,1,'vehicle.powertrain.electric.battery.charging.power',-5880911425300752276,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(21,1,'vehicle.powertrain.electric.battery.preconditioning.automaticMode.statusFeedback',-3531952380931847278,NULL,0,NULL,1791079105000,0,1);
INSERT INTO series VALUES(22,1,'vehicle.powertrain.electric.battery.preconditioning.manualMode.statusFeedback',-3531952380931847278,NULL,0,NULL,1791079105000,0,1);
INSERT INTO series VALUES(23,1,'vehicle.powertrain.electric.battery.stateOfCharge.target',-734191232632449034,NULL,0,NULL,1791079105000,0,1);
INSERT INTO series VALUES(24,1,'vehicle.powertrain.electric.battery.stateOfHealth.displayed',-919411538001574818,NULL,0,NULL,1795358220000,0,1);
INSERT INTO series VALUES(25,1,'vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen',-3087728359710675250,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(26,1,'vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged',-3087728359710675250,NULL,0,NULL,1795960551000,0,1);
INSERT INTO series VALUES(27,1,'vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal',3180655386864763252,NULL,0,NULL,1795963251873,0,1);
INSERT INTO series VALUES(28,1,'vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc',-952450094905854775,NULL,0,NULL,1795963251873,0,1);
INSERT INTO series VALUES(29,1,'vehicle.vehicle.avgAuxPower',NULL,6544718739742769816,1,1795994823124,NULL,NULL,NULL);
CREATE TABLE seen (
    series_id integer not null references series,
    measured_at integer not null,
    hash integer not null, whole_second integer,
    primary key (series_id, measured_at, hash)
) strict, without rowid;
INSERT INTO seen VALUES(1,1795960551000,1713956063772118075,0);
INSERT INTO seen VALUES(2,1795960551000,749635018594521789,0);
INSERT INTO seen VALUES(3,1791079105000,-5880911425300752276,0);
INSERT INTO seen VALUES(4,1795963251000,-4966579444874903284,0);
INSERT INTO seen VALUES(5,1795963251000,-1400057901394944298,0);
INSERT INTO seen VALUES(9,1795994822816,-4273800683764437120,0);
INSERT INTO seen VALUES(10,1795994822816,-8507252947695769222,0);
INSERT INTO seen VALUES(11,1795994822816,-4966579444874903284,0);
INSERT INTO seen VALUES(12,1795960551000,839150182434483634,0);
INSERT INTO seen VALUES(14,1795960551000,-8258092288534920099,0);
INSERT INTO seen VALUES(15,1795960551000,839150182434483634,0);
INSERT INTO seen VALUES(16,1795960551000,-5880911425300752276,0);
INSERT INTO seen VALUES(18,1795994822816,3439490917125769356,0);
INSERT INTO seen VALUES(19,1791079105000,-3441127207149442160,0);
INSERT INTO seen VALUES(20,1795960551000,-5880911425300752276,0);
INSERT INTO seen VALUES(21,1791079105000,-3531952380931847278,0);
INSERT INTO seen VALUES(22,1791079105000,-3531952380931847278,0);
INSERT INTO seen VALUES(23,1791079105000,-734191232632449034,0);
INSERT INTO seen VALUES(24,1795358220000,-919411538001574818,0);
INSERT INTO seen VALUES(25,1795960551000,-3087728359710675250,0);
INSERT INTO seen VALUES(26,1795960551000,-3087728359710675250,0);
INSERT INTO seen VALUES(27,1795963251873,3180655386864763252,0);
INSERT INTO seen VALUES(28,1795963251873,-952450094905854775,0);
CREATE TABLE cursor (
    sink text primary key,
    seq integer not null,
    delivered_readings integer not null default 0,
    delivered_at integer
) strict, without rowid;
INSERT INTO cursor VALUES('csv',1,23,1795994832523);
CREATE TABLE dead_letter (
    id integer primary key autoincrement,
    at integer not null,
    sink text not null,
    seq integer not null,
    descriptor text not null,
    reason text not null
, attempts integer not null default 0, retry integer not null default 0, measured_at integer, occurrence integer, position integer) strict;
CREATE TABLE quota (
    id integer primary key,
    account text not null,
    at integer not null,
    call text not null,
    outcome text
) strict;
INSERT INTO quota VALUES(1,'demo',1795994786267,'mappings','ok');
INSERT INTO quota VALUES(2,'demo',1795994803592,'containers','ok');
INSERT INTO quota VALUES(3,'demo',1795994817506,'create_container','ok');
INSERT INTO quota VALUES(4,'demo',1795994822257,'telematic_data','ok');
CREATE TABLE quota_block (
    account text primary key,
    until integer not null
) strict, without rowid;
CREATE TABLE descriptor_type (
    descriptor text primary key,
    type text not null,
    unit text
) strict, without rowid;
CREATE TABLE container (
    account text not null,
    fingerprint text not null,
    container_id text not null,
    primary key (account, fingerprint)
) strict, without rowid;
INSERT INTO container VALUES('demo','498e3b5a7690ee6f','S00I000M3NRLX');
CREATE TABLE poll (
    account text not null,
    source text not null,
    vin text not null,
    last_at integer not null,
    last_success_at integer,
    failures integer not null,
    problem text, activity text, next_at integer, every integer, reason text,
    primary key (account, source, vin)
) strict, without rowid;
INSERT INTO poll VALUES('demo','telematics','WBY71AW050FP12345',1795994788807,1795994788807,0,NULL,'{"charging":{"yes":false,"at":"2026-11-29T13:55:51Z","both":false},"power":{"yes":false,"at":"2026-11-29T13:55:51Z","both":false},"hv_charging":null,"moving":null,"ignition":null,"mileage":null,"went_on":null,"battery_heard":"2026-11-29T14:40:51Z","motion_heard":null,"observed":"2026-11-29T23:27:03.124831866Z","ended":null,"trip_end":"2026-11-29T14:40:51.873Z","spoke":null,"told":{"trip_ended":null,"charge_began":null,"charge_ended":null}}',1795996709659,1920852,'the calls are nearly used: every 32 min');
CREATE TABLE component (
    kind text not null,
    name text not null,
    state text not null,
    message text,
    since integer not null,
    primary key (kind, name)
) strict, without rowid;
INSERT INTO component VALUES('account','demo','polling',NULL,1795994824436);
INSERT INTO component VALUES('login','demo','alive',NULL,1795994786774);
INSERT INTO component VALUES('scopes','demo','complete',NULL,1795994787620);
INSERT INTO component VALUES('sink','csv','delivering',NULL,1795994831109);
INSERT INTO component VALUES('stream','demo','streaming',NULL,1795994801594);
CREATE TABLE gap (
    first_seq integer primary key,
    last_seq integer not null
) strict;
CREATE TABLE replay (
    id integer primary key autoincrement,
    sink text not null,
    -- how far it has got, and the last entry that it covers
    position integer not null,
    last_seq integer not null,
    -- how many entries it covers, and how many of them are done: numbers may have gaps
    entries integer not null,
    done integer not null default 0,
    -- by time of measurement; null where there is no bound
    since integer,
    until integer,
    -- the patterns of `select`, as JSON; null for those of the sink
    selection text,
    readings integer not null default 0,
    rejected integer not null default 0,
    created_at integer not null,
    finished_at integer,
    cancelled integer not null default 0,
    -- why it does not go on
    problem text
) strict;
CREATE TABLE created_container (
    account text not null,
    container_id text not null,
    fingerprint text not null,
    name text not null,
    created_at integer not null,
    primary key (account, container_id)
) strict, without rowid;
INSERT INTO created_container VALUES('demo','S00I000M3NRLX','498e3b5a7690ee6f','cardata battery',1795994821142);
CREATE TABLE descriptor_set (
    account text not null,
    fingerprint text not null,
    -- JSON: what BMW accepts, what it refuses and why, and what is still to be tried
    state text not null,
    -- since when exactly the accepted descriptors are polled
    since integer not null,
    primary key (account, fingerprint)
) strict, without rowid;
INSERT INTO descriptor_set VALUES('demo','498e3b5a7690ee6f','{"search":{"accepted":["vehicle.body.chargingPort.plugEventId","vehicle.drivetrain.batteryManagement.batterySizeMax","vehicle.drivetrain.batteryManagement.header","vehicle.drivetrain.batteryManagement.maxEnergy","vehicle.drivetrain.electricEngine.charging.acAmpere","vehicle.drivetrain.electricEngine.charging.acVoltage","vehicle.drivetrain.electricEngine.charging.hvStatus","vehicle.drivetrain.electricEngine.charging.lastChargingReason","vehicle.drivetrain.electricEngine.charging.lastChargingResult","vehicle.drivetrain.electricEngine.charging.method","vehicle.drivetrain.electricEngine.charging.phaseNumber","vehicle.drivetrain.electricEngine.charging.reasonChargingEnd","vehicle.drivetrain.electricEngine.charging.status","vehicle.drivetrain.electricEngine.charging.timeRemaining","vehicle.drivetrain.electricEngine.charging.timeToFullyCharged","vehicle.drivetrain.electricEngine.remainingElectricRange","vehicle.powertrain.electric.battery.charging.acLimit.selected","vehicle.powertrain.electric.battery.charging.power","vehicle.powertrain.electric.battery.preconditioning.automaticMode.statusFeedback","vehicle.powertrain.electric.battery.preconditioning.manualMode.statusFeedback","vehicle.powertrain.electric.battery.stateOfCharge.target","vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen","vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged","vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal","vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc","vehicle.vehicle.avgAuxPower","vehicle.body.chargingPort.lockedStatus","vehicle.drivetrain.electricEngine.charging.level","vehicle.powertrain.electric.battery.stateOfHealth.displayed","vehicle.vehicleIdentification.basicVehicleData"],"refused":[],"untried":[],"limit":null,"probe":null},"superseded":null,"pending":null,"looked":false,"paused_until":null,"notice":null}',1795994821141);
CREATE TABLE source_set (
    account text not null,
    source text not null,
    fingerprint text not null,
    primary key (account, source)
) strict, without rowid;
INSERT INTO source_set VALUES('demo','telematics','498e3b5a7690ee6f');
CREATE TABLE told (
    topic text primary key,
    level text not null,
    at integer not null
) strict, without rowid;
CREATE TABLE total (
    vehicle_id integer not null references vehicle,
    feed_id integer not null references feed,
    -- polls and messages, whether or not they left an entry; new readings; readings left out as repeats
    snapshots integer not null default 0,
    entries integer not null default 0,
    readings integer not null default 0,
    repeats integer not null default 0,
    last_received_at integer not null,
    primary key (vehicle_id, feed_id)
) strict, without rowid;
INSERT INTO total VALUES(1,1,1,1,23,0,1795994823124);
CREATE TABLE stream (
    account text not null,
    source text not null,
    -- since when it is logged in without an interruption; null while it is not
    connected_since integer,
    last_message_at integer,
    -- logins, and how often another program of the household took the connection
    logins integer not null default 0,
    evictions integer not null default 0,
    -- JSON: how long to wait after what went wrong, so that a restart storms no more than a run
    breaker text,
    primary key (account, source)
) strict, without rowid;
INSERT INTO stream VALUES('demo','stream',NULL,NULL,1,0,'{"shown":1795994789213,"uptime":null,"connections":29346,"logins":60000,"outages":0,"refusals":0,"unsubscribed":0,"drops":0}');
CREATE TABLE stray (
    id integer primary key autoincrement,
    account text not null,
    source text not null,
    topic text not null,
    payload blob not null,
    reason text not null,
    first_at integer not null,
    last_at integer not null,
    times integer not null,
    -- of topic and payload
    hash integer not null,
    unique (account, source, hash)
) strict;
CREATE TABLE tally (
    -- seq / 4096
    block integer primary key,
    entries integer not null,
    filled integer not null,
    readings integer not null
) strict;
INSERT INTO tally VALUES(0,1,1,23);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('log',1);
CREATE INDEX quota_by_account on quota (account, at);
CREATE INDEX dead_letter_by_entry on dead_letter (seq);
CREATE INDEX dead_letter_by_sink on dead_letter (sink);
CREATE INDEX dead_letter_to_retry on dead_letter (sink, seq) where retry = 1;
COMMIT;
PRAGMA application_id = 1128546644;
PRAGMA user_version = 3;

//! The views of readings: the interface, whose columns are only added to, at the end.
//!
//! Readings lie in three tables, so every view has three arms. Each arm fixes its order by `CROSS JOIN`, so that a filter
//! by name and `measured_ms` is one search in the key of a table by series; the recent ones are few, and read through.

use crate::battery;
use crate::fold::ORDERED;

/// How a moment in milliseconds is shown.
pub fn time(milliseconds: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', ({milliseconds}) / 1000.0, 'unixepoch')")
}

/// Makes the views.
pub fn script() -> String {
    format!(
        "CREATE VIEW readings AS {}; CREATE VIEW latest AS {}; {}; CREATE VIEW position AS {};",
        readings(),
        latest(),
        battery::view(),
        position()
    )
}

/// From a table or subquery `row` of rows and what stands for its numbers.
fn decoded(from: &str, also: &str) -> String {
    let (measured, end, received) = (
        time("row.measured_at"),
        time("row.value"),
        time("row.measured_at + row.delay"),
    );
    // A number is always a REAL: readers take the type of a column from its first value.
    format!(
        "SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  descriptor.descriptor,
  descriptor.name,
  {measured} AS measured_at,
  CASE descriptor.type
    WHEN 'number' THEN CAST(row.value AS REAL)
    WHEN 'text' THEN (SELECT text.value FROM text WHERE text.id = row.value)
    WHEN 'timestamp' THEN {end}
    ELSE row.value
  END AS value,
  CASE WHEN row.unit_id IS NULL THEN descriptor.unit
    ELSE (SELECT nullif(unit.unit, '') FROM unit WHERE unit.id = row.unit_id) END AS unit,
  source.name AS source,
  {received} AS received_at,
  source.stamp,
  row.measured_at AS measured_ms,
  source.origin,
  row.occurrence
FROM {from}
LEFT JOIN source ON source.id = row.source_id
WHERE row.occurrence >= 0{also}"
    )
}

const ALL_SERIES: &str = "series
JOIN vehicle ON vehicle.id = series.vehicle_id
JOIN descriptor ON descriptor.id = series.descriptor_id";

/// Behind the rows: the series of each.
const OF_ROW: &str = "CROSS JOIN series ON series.id = row.series_id
CROSS JOIN descriptor ON descriptor.id = series.descriptor_id
CROSS JOIN vehicle ON vehicle.id = series.vehicle_id";

fn readings() -> String {
    let ordered = ORDERED.map(|table| {
        let rows = format!("{ALL_SERIES}\nCROSS JOIN {table} AS row ON row.series_id = series.id");
        decoded(&rows, "")
    });
    let recent = decoded(&format!("recent AS row\n{OF_ROW}"), "");
    [ordered.as_slice(), &[recent]].concat().join("\nUNION ALL\n")
}

/// The last row of each series; what has ended has none, because its last row is the end. A table that is older counts
/// for the series of which none newer has a row. Of the recent ones moment and occurrence are found as one number.
fn latest() -> String {
    let recent = format!(
        "(SELECT series_id, max(measured_at * 16384 + occurrence + 1) AS at FROM recent GROUP BY series_id) AS last
CROSS JOIN recent AS row ON row.measured_at = last.at >> 14 AND row.series_id = last.series_id
  AND row.occurrence = (last.at & 16383) - 1
{OF_ROW}"
    );
    let ordered = |table: &str, newer: &str| {
        let last = format!(
            "{ALL_SERIES}
CROSS JOIN {table} AS row ON row.series_id = series.id AND (row.measured_at, row.occurrence) = (
  SELECT last.measured_at, last.occurrence FROM {table} AS last WHERE last.series_id = series.id
  ORDER BY last.measured_at DESC, last.occurrence DESC LIMIT 1
)"
        );
        let only = "\n  AND series.id NOT IN (SELECT recent.series_id FROM recent)";
        decoded(&last, &format!("{only}{newer}"))
    };
    let [history, middle] = ORDERED;
    let none_in_middle =
        format!("\n  AND NOT EXISTS (SELECT 1 FROM {middle} AS newer WHERE newer.series_id = series.id)");
    [
        decoded(&recent, ""),
        ordered(middle, ""),
        ordered(history, &none_in_middle),
    ]
    .join("\nUNION ALL\n")
}

/// One row for each moment at which both latitude and longitude were measured. Parts that were measured at different
/// times are never put together: the car was at neither place. What was stamped with the time of a call says nothing of
/// where the car was then. Of several values for one moment the last that was received counts. All rows of a moment lie
/// in one table.
fn position() -> String {
    let east = format!(
        "series AS east ON east.vehicle_id = north.vehicle_id AND east.descriptor_id = {}",
        place("longitude")
    );
    let is_north = format!("north.descriptor_id = {}", place("latitude"));
    let ordered = |table| {
        let from = format!(
            "series AS north
CROSS JOIN {east}
CROSS JOIN {table} AS latitude ON latitude.series_id = north.id
CROSS JOIN {table} AS longitude ON longitude.series_id = east.id AND longitude.measured_at = +latitude.measured_at"
        );
        places(table, &from, &is_north)
    };
    let recent = format!(
        "recent AS latitude
CROSS JOIN series AS north ON north.id = latitude.series_id
CROSS JOIN {east}
CROSS JOIN recent AS longitude ON longitude.series_id = east.id AND longitude.measured_at = latitude.measured_at"
    );
    let [history, middle] = ORDERED.map(ordered);
    [history, middle, places("recent", &recent, &is_north)].join("\nUNION ALL\n")
}

fn place(part: &str) -> String {
    format!(
        "(SELECT id FROM descriptor WHERE descriptor = 'vehicle.cabin.infotainment.navigation.currentLocation.{part}')"
    )
}

fn places(table: &str, from: &str, also: &str) -> String {
    let measured = "source_id IN (SELECT id FROM source WHERE stamp = 'measured')";
    let part = |name: &str| {
        format!(
            "(
    SELECT CAST(part.value AS REAL) FROM {table} AS part
    WHERE part.series_id = (
        SELECT id FROM series WHERE vehicle_id = north.vehicle_id AND descriptor_id = {}
      )
      AND part.measured_at = latitude.measured_at
      AND part.occurrence >= 0
      AND part.{measured}
    ORDER BY part.occurrence DESC LIMIT 1
  ) AS {name}",
            place(name)
        )
    };
    let counts = |half: &str| {
        format!(
            "{half}.occurrence >= 0 AND {half}.{measured} AND NOT EXISTS (
    SELECT 1 FROM {table} AS later
    WHERE later.series_id = {half}.series_id AND later.measured_at = {half}.measured_at
      AND later.occurrence > {half}.occurrence AND later.{measured}
  )"
        )
    };
    format!(
        "SELECT
  vehicle.vin,
  vehicle.name AS vehicle,
  {} AS measured_at,
  CAST(latitude.value AS REAL) AS latitude,
  CAST(longitude.value AS REAL) AS longitude,
  {},
  {},
  latitude.measured_at AS measured_ms
FROM {from}
CROSS JOIN vehicle ON vehicle.id = north.vehicle_id
WHERE {also} AND {} AND {}",
        time("latitude.measured_at"),
        part("altitude"),
        part("heading"),
        counts("latitude"),
        counts("longitude")
    )
}

//! Values that are found together with another one, as a longitude with its latitude: their rule and their readings are told
//! with that one.

use collector_core::{Evidence, Record, RecordKind};
use derive::kinds::{BATTERY_HEALTH, CHARGING_SESSION, CONSUMPTION, STANDSTILL, TRIP};

/// Columns of a kind that are found together with another.
struct Along {
    kind: &'static RecordKind,
    columns: &'static [&'static str],
    with: &'static str,
    /// Where nothing is told of that one.
    rule: &'static str,
}

const fn along(
    kind: &'static RecordKind,
    columns: &'static [&'static str],
    with: &'static str,
    rule: &'static str,
) -> Along {
    Along {
        kind,
        columns,
        with,
        rule,
    }
}

/// By RULES.md. What is missing and has no reason of its own is as BMW told it.
static ALL: [Along; 20] = [
    along(&CHARGING_SESSION, &["unplugged_at"], "plugged_at", "S1"),
    along(&CHARGING_SESSION, &["basis"], "start_at", "S1"),
    along(&CHARGING_SESSION, &["soc_start"], "soc_end", "S1"),
    along(&CHARGING_SESSION, &["longitude", "place"], "latitude", "S1"),
    along(
        &CHARGING_SESSION,
        &["energy_from_soc_high_kwh"],
        "energy_from_soc_low_kwh",
        "S3",
    ),
    along(&CHARGING_SESSION, &["energy_basis"], "energy_kwh", "S3"),
    along(&CHARGING_SESSION, &["loss_share"], "energy_battery_kwh", "S3"),
    along(
        &CHARGING_SESSION,
        &["peak_power_kw", "charging_minutes"],
        "mean_power_kw",
        "S4",
    ),
    along(
        &CHARGING_SESSION,
        &["currency", "cost_state", "unpriced_share"],
        "cost",
        "S5",
    ),
    along(
        &CHARGING_SESSION,
        &["soc_below_full"],
        "energy_below_full_kwh",
        "B1",
    ),
    along(&TRIP, &["distance_basis"], "distance_km", "T3"),
    along(&TRIP, &["start_longitude", "start_place"], "start_latitude", "T3"),
    along(&TRIP, &["end_longitude", "end_place"], "end_latitude", "T3"),
    along(&TRIP, &["confidence"], "kind", "T4"),
    along(&STANDSTILL, &["end_at", "plugged"], "start_at", "V1"),
    along(
        &STANDSTILL,
        &["drain_low", "drain_high"],
        "drain_percent_per_day",
        "V1",
    ),
    along(
        &BATTERY_HEALTH,
        &["capacity_low_kwh", "capacity_high_kwh"],
        "capacity_kwh",
        "B3",
    ),
    along(&BATTERY_HEALTH, &["note"], "sessions", "B2"),
    along(
        &CONSUMPTION,
        &["start_at", "end_at", "distance_km", "legs"],
        "energy_kwh",
        "T5",
    ),
    along(
        &CONSUMPTION,
        &["kwh_per_100_km_low", "kwh_per_100_km_high"],
        "kwh_per_100_km",
        "T5",
    ),
];

/// Why a value is as it is.
#[derive(Debug)]
pub enum Reasons<'a> {
    /// Told of itself; nothing where it is as BMW told it.
    Own(Vec<&'a Evidence>),
    /// Told of the other one. Bounds and notes are of that one alone.
    Along(Evidence, &'static str),
}

/// Why the value of a column is as it is.
pub fn reasons<'a>(record: &'a Record, column: &str) -> Reasons<'a> {
    let of = |column: &str| -> Vec<&'a Evidence> {
        let evidence = record.evidence.iter();
        evidence.filter(|reason| *reason.column == *column).collect()
    };
    let own = of(column);
    let found = ALL
        .iter()
        .find(|along| along.kind == record.kind && along.columns.contains(&column));
    let Some(along) = found.filter(|_| own.is_empty()) else {
        return Reasons::Own(own);
    };
    let other = of(along.with).into_iter().next();
    let reason = Evidence {
        column: column.into(),
        rule: other.map_or_else(|| along.rule.into(), |other| other.rule.clone()),
        interval: None,
        note: Box::default(),
        cited: other.map(|other| other.cited.clone()).unwrap_or_default(),
    };
    Reasons::Along(reason, along.with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::why::rules;

    /// Columns that have reasons of their own, or are as BMW or the owner told them.
    const OWN: [(&RecordKind, &[&str]); 5] = [
        (
            &CHARGING_SESSION,
            &[
                "end_at",
                "plugged_at",
                "soc_end",
                "energy_grid_kwh",
                "energy_battery_kwh",
                "energy_from_soc_low_kwh",
                "energy_from_power_kwh",
                "energy_kwh",
                "mean_power_kw",
                "current_type",
                "cost",
                "odometer_km",
                "latitude",
                "energy_returned_kwh",
                "bmw_cost",
                "bmw_currency",
                "mark",
                "preconditioning",
                "energy_below_full_kwh",
            ],
        ),
        (
            &TRIP,
            &[
                "end_at",
                "distance_km",
                "soc_start",
                "soc_end",
                "energy_kwh",
                "fuel_l",
                "start_latitude",
                "end_latitude",
                "kind",
                "tag",
            ],
        ),
        (&STANDSTILL, &["soc_start", "soc_end", "drain_percent_per_day"]),
        (
            &BATTERY_HEALTH,
            &[
                "capacity_kwh",
                "health_percent",
                "sessions",
                "bmw_max_energy_kwh",
                "bmw_health_percent",
            ],
        ),
        (&CONSUMPTION, &["energy_kwh", "kwh_per_100_km"]),
    ];

    #[test]
    fn every_column_of_what_is_derived_has_a_reason() {
        for (kind, own) in OWN {
            let along = ALL.iter().filter(|along| along.kind == kind);
            let along = along.flat_map(|along| along.columns);
            let mut known: Vec<_> = own.iter().chain(along).collect();
            let mut columns: Vec<_> = kind.columns.iter().map(|column| &column.name).collect();
            known.sort_unstable();
            columns.sort_unstable();
            assert_eq!(known, columns, "{}", kind.name);
        }
        for along in &ALL {
            let names: Vec<_> = along.kind.key.iter().chain(along.kind.columns).collect();
            let known = |name: &&str| names.iter().any(|column| *column.name == **name);
            assert!(along.columns.iter().all(known), "{}", along.with);
            assert!(known(&along.with), "{}", along.with);
            assert!(rules::title(along.rule).is_some(), "{}", along.rule);
        }
    }
}

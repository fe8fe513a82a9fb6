//! What the owner decides: his places, his prices, his time zone, the size of a battery.

use std::collections::BTreeMap;

use collector_core::Vin;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// Everything beside the entries that records depend on.
#[derive(Debug, Clone)]
pub struct Rules {
    /// For months, and for tariffs by time of day, day of the week and season.
    pub timezone: TimeZone,
    pub places: Vec<Place>,
    /// The first that fits a moment and a place counts.
    pub tariffs: Vec<Tariff>,
    pub vehicles: BTreeMap<Vin, VehicleRules>,
}

/// A place that has a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Place {
    pub name: String,
    /// In degrees.
    pub latitude: f64,
    pub longitude: f64,
    pub radius_m: f64,
}

/// What the owner knows of one vehicle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VehicleRules {
    /// The usable capacity of the new battery in kWh.
    pub capacity_kwh: Option<f64>,
}

/// What charging costs at some places, at some times. A price that is not given is unknown; 0 is free.
#[derive(Debug, Clone, PartialEq)]
pub struct Tariff {
    pub name: String,
    /// Names of places; empty for every place, and for where nobody knows the place.
    pub places: Vec<String>,
    /// `None` for both kinds of current.
    pub current_type: Option<CurrentType>,
    /// The first and the last day on which it is valid, by the pipeline's time zone.
    pub from: Option<Date>,
    pub until: Option<Date>,
    /// ISO 4217: `EUR`.
    pub currency: String,
    /// The first whose times hold a moment counts.
    pub prices: Vec<Price>,
    /// Once a session.
    pub per_session: Option<f64>,
    /// For each minute of charging.
    pub per_minute: Option<f64>,
    /// For each minute plugged in behind the end of charging, and how many of them are free.
    pub per_idle_minute: Option<f64>,
    pub idle_grace_minutes: f64,
}

/// The price of a kWh at some times.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    pub per_kwh: f64,
    /// From and until which time of day; where until is not later, over midnight. `None` for the whole day.
    pub hours: Option<(Time, Time)>,
    /// Empty for every day. A night belongs to the day on which it begins.
    pub weekdays: Vec<Weekday>,
    /// First and last day of a season, month and day, over the new year where the last comes first.
    pub season: Option<((i8, i8), (i8, i8))>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CurrentType {
    Ac,
    Dc,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            timezone: TimeZone::UTC,
            places: Vec::new(),
            tariffs: Vec::new(),
            vehicles: BTreeMap::new(),
        }
    }
}

impl Rules {
    /// The nearest place whose radius holds a position.
    pub fn place(&self, latitude: f64, longitude: f64) -> Option<&Place> {
        let near = self.places.iter().map(|place| {
            let away = metres_between((place.latitude, place.longitude), (latitude, longitude));
            (place, away)
        });
        let within = near.filter(|(place, away)| *away <= place.radius_m);
        within
            .min_by(|(_, a), (_, b)| a.total_cmp(b))
            .map(|(place, _)| place)
    }
}

/// Along the ground, between two positions in degrees: the haversine with a sphere of 6,371 km.
pub fn metres_between(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let (d_lat, d_lon) = ((b.0 - a.0).to_radians(), (b.1 - a.1).to_radians());
    let h = (d_lat / 2.0).sin().powi(2) + lat_a.cos() * lat_b.cos() * (d_lon / 2.0).sin().powi(2);
    2.0 * 6_371_000.0 * h.sqrt().min(1.0).asin()
}

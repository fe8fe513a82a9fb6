//! `places`, `tariffs` and the capacity of a vehicle.

use jiff::civil::{Weekday, date, time};
use pipeline::show;

use super::mistakes::draw_sections;
use super::pipeline;

const PLACES: &str = "places:\n  - { name: home, latitude: 48.1, longitude: 11.5 }\n";

/// A file with one place and these tariffs.
fn tariffs(items: &str) -> String {
    format!("{PLACES}tariffs:\n{items}")
}

#[test]
fn mistakes_in_places() {
    insta::assert_snapshot!(draw_sections([
        "places: «home»\n",
        "places:\n  - «home»\n  - name: home\n    «latitud»: 48.1\n    longitude: 11.5\n",
        "places:\n  - { name: «\"\"», latitude: «91», longitude: «NaN» }\n",
        "places:\n  - name: home\n    latitude: «48,1»\n    longitude: «-180.5»\n    radius: «150»\n",
        "places:\n  - { name: home, latitude: 48.1, longitude: 11.5, radius: «wide» }\n  - { name: «Home», latitude: 48, longitude: 11, radius: «1m» }\n",
    ]));
}

#[test]
fn mistakes_in_tariffs() {
    let files = [
        "  - «free»\n",
        "  - name: «home»\n    currency: EUR\n",
        "  - «name»: home\n    per_kwh: «0,31»\n",
        "  - { name: home, currency: «€», per_kwh: «NaN», places: [«hme», home] }\n  - { name: b, currency: «eur», per_kwh: 0 }\n",
        "  - { name: home, currency: EUR, «per_kwh»: 1, prices: [{ per_kwh: 1 }] }\n",
        "  - { name: home, currency: EUR, «prices»: [] }\n",
        "  - { name: «home», currency: EUR, per_kwh: }\n",
        "  - { name: home, currency: EUR, per_kwh: 0, from: 2026-03-01, until: «2026-02-28» }\n",
        "  - { name: home, currency: EUR, per_kwh: 0, from: «2026-02-30», current: «both» }\n",
        "  - { name: a, currency: EUR, per_kwh: 0 }\n  - { name: «a», currency: EUR, per_kwh: 0 }\n",
        "  - { name: a, currency: EUR, per_kwh: 0, idle: { «per_minut»: 1, after: «4» } }\n",
        "  - { name: a, currency: EUR, per_kwh: 0, per_session: «1e9» }\n",
        "  - name: a\n    currency: EUR\n    prices:\n      - { «hours»: «22-6» }\n",
        "  - name: a\n    currency: EUR\n    prices:\n      - { per_kwh: 1, hours: «06:00-06:00» }\n      - { per_kwh: 1, hours: «night» }\n",
        "  - name: a\n    currency: EUR\n    prices:\n      - { per_kwh: 1, season: «02-30..03-01», weekdays: [«saturday»] }\n      - { per_kwh: 1, season: «winter» }\n",
        "  - { name: a, currency: EUR, per_kwh: 0, «places»: [] }\n",
        "  - name: a\n    currency: EUR\n    prices:\n      - { per_kwh: 1, hours: «24:00-06:00», «weekdays»: [] }\n      - { per_kwh: 1, hours: 18:00-24:00 }\n",
    ];
    insta::assert_snapshot!(draw_sections(files.map(|items| tariffs(items).leak() as &str)));
}

#[test]
fn a_place_that_is_nowhere_is_a_mistake_also_without_places() {
    insta::assert_snapshot!(draw_sections([
        "tariffs:\n  - { name: a, currency: EUR, per_kwh: 0, places: [«home»] }\n",
        "places: «x»\ntariffs:\n  - { name: a, currency: EUR, per_kwh: 0, places: [home] }\n",
    ]));
}

#[test]
fn mistakes_in_the_capacity() {
    insta::assert_snapshot!(draw_sections([
        "vehicles:\n  - { vin: WBY8P210X07A12345, capacity: «75» }\n",
        "vehicles:\n  - { vin: WBY8P210X07A12345, capacity: «75 Ah» }\n",
        "vehicles:\n  - { vin: WBY8P210X07A12345, capacity: «0 kWh» }\n",
    ]));
}

const RIGHT: &str = "timezone: Europe/Berlin
vehicles:
  - { vin: WBY8P210X07A12345, capacity: 27.2 kWh }
places:
  - { name: my home, latitude: 48.1371, longitude: -11.5754 }
  - { name: office, latitude: -48, longitude: 11, radius: 1.5 km }
tariffs:
  - name: night
    places: [my home, office]
    current: ac
    from: 2026-01-01
    until: 2026-12-31
    currency: EUR
    prices:
      - { per_kwh: -0.02, hours: 22:00-06:00, weekdays: [fri], season: 11-01..03-31 }
      - { per_kwh: 0.2, hours: '18:30-24:00' }
      - per_kwh: 0
  - { name: else, currency: CHF, per_kwh: 0.5, per_session: 1, per_minute: 0.01, idle: { per_minute: 0.1, after: 4h } }
";

#[test]
fn rules_are_what_the_file_says() {
    let pipeline = pipeline(RIGHT);
    let rules = &pipeline.rules;
    assert_eq!(rules.timezone, pipeline.timezone);
    let vin = "WBY8P210X07A12345".parse().unwrap();
    assert_eq!(rules.vehicles[&vin].capacity_kwh, Some(27.2));
    let places = rules.places.iter();
    let places: Vec<_> = places
        .map(|place| (&*place.name, place.latitude, place.longitude, place.radius_m))
        .collect();
    assert_eq!(
        places,
        [
            ("my home", 48.1371, -11.5754, 150.0),
            ("office", -48.0, 11.0, 1500.0)
        ]
    );
    let [night, other] = rules.tariffs.as_slice() else {
        panic!("{:?}", rules.tariffs);
    };
    assert_eq!(night.places, ["my home", "office"]);
    assert_eq!(night.from, Some(date(2026, 1, 1)));
    assert_eq!(night.until, Some(date(2026, 12, 31)));
    let first = &night.prices[0];
    assert_eq!(
        (first.per_kwh, first.weekdays.as_slice()),
        (-0.02, &[Weekday::Friday][..])
    );
    assert_eq!(first.hours, Some((time(22, 0, 0, 0), time(6, 0, 0, 0))));
    assert_eq!(first.season, Some(((11, 1), (3, 31))));
    assert_eq!(
        night.prices[1].hours,
        Some((time(18, 30, 0, 0), time(0, 0, 0, 0)))
    );
    assert_eq!((night.prices[2].per_kwh, night.prices[2].hours), (0.0, None));
    assert_eq!((other.prices.len(), other.prices[0].per_kwh), (1, 0.5));
    assert_eq!((other.per_session, other.per_minute), (Some(1.0), Some(0.01)));
    assert_eq!(
        (other.per_idle_minute, other.idle_grace_minutes),
        (Some(0.1), 240.0)
    );
    insta::assert_snapshot!(show(&pipeline));
}

#[test]
fn nothing_is_priced_by_default() {
    for sections in ["", "places:\ntariffs:\n", "places: []\ntariffs: []\n"] {
        let rules = pipeline(sections).rules;
        assert!(rules.places.is_empty() && rules.tariffs.is_empty() && rules.vehicles.is_empty());
    }
}

#[test]
fn what_never_counts_is_told() {
    let told = |items: &str| pipeline(&tariffs(items)).remarks();
    let all = "  - { name: all, currency: EUR, per_kwh: 1 }\n";
    let home = "  - { name: home, places: [home], from: 2026-01-01, currency: EUR, per_kwh: 1 }\n";
    let dc = "  - { name: dc, current: dc, places: [home], from: 2026-02-01, until: 2026-03-01, currency: EUR, per_kwh: 1 }\n";
    for (items, hidden) in [
        (format!("{dc}{home}{all}"), &[][..]),
        (format!("{all}{home}{dc}"), &["home", "dc"][..]),
        (format!("{home}{dc}{all}"), &["dc"][..]),
    ] {
        let told = told(&items);
        assert_eq!(told.len(), hidden.len(), "{told:?}");
        for (told, name) in told.iter().zip(hidden) {
            assert!(
                told.starts_with(&format!("the tariff `{name}` never counts")),
                "{told}"
            );
        }
    }
    let prices =
        "  - { name: a, currency: EUR, prices: [{ per_kwh: 1 }, { per_kwh: 0, hours: 22:00-06:00 }] }\n";
    assert!(told(prices)[0].starts_with("prices of the tariff `a` never count"));
}

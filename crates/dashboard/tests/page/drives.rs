//! Charges and trips, as people see them.

use collector_core::UnitSystem;
use facts::kinds::TRIP;
use reqwest::StatusCode;

use super::garage::{DRIVE, FIRST, Filled, at, charges, consumption, drive, number, readings, record};
use super::history::name;
use super::site::Program;

async fn filled(units: UnitSystem) -> Filled {
    let program = Program {
        units,
        ..Program::default()
    };
    let records = [charges(), vec![drive(), consumption()]].concat();
    Filled::with(readings(), records, program).await
}

/// The row of a table in which a text stands.
fn row<'a>(page: &'a str, part: &str) -> &'a str {
    let mut rows = page.split("<tr>").skip(1);
    let found = rows.find(|row| row.contains(part));
    found.unwrap_or_else(|| panic!("no row says {part}: {page}"))
}

#[tokio::test]
async fn charges_are_summed_by_the_months_of_their_owner() {
    let filled = filled(UnitSystem::Metric).await;
    let page = filled.of("charging?range=all").await;
    assert!(!page.contains("January 2025"), "it was February in Berlin");
    let month = row(&page, "February 2025");
    for part in [
        ">30.0 kWh<",
        "known of 2 of 3",
        ">39.0 kWh<",
        "5.50 CHF + 0.00 EUR",
        ">67 %<",
    ] {
        assert!(month.contains(part), "{part}: {month}");
    }
    let free = row(&page, "1 Feb 2025, 00:30");
    for part in [
        "href=\"charging/2025-01-31T23%3A30%3A00Z\"",
        "&#60;script&#62;",
        ">0.00 EUR<",
        ">10.0 kWh<",
        "in several parts, failed",
        &format!(
            "href=\"../../why/session/{}/2025-01-31T23%3A30%3A00Z#cost\"",
            name()
        ),
    ] {
        assert!(free.contains(part), "{part}: {free}");
    }
    let unpriced = row(&page, "10 Feb 2025, 13:00");
    assert!(
        unpriced.matches(">–<").count() >= 4 && !unpriced.contains("0.00"),
        "{unpriced}"
    );
    for part in [
        "67 % of the energy without a price",
        "of 1 charge with both ends measured",
        "href=\"charging_sessions.csv?from=",
        "class=\"bars\"",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let today = filled.of("charging?range=day").await;
    assert!(today.contains("No charge is known of this time."), "{today}");
    assert!(!today.contains("class=\"bars\""));
}

#[tokio::test]
async fn a_charge_has_its_curves_its_blocks_and_its_reasons() {
    let filled = filled(UnitSystem::Imperial).await;
    let page = filled.of(&format!("charging/{FIRST}")).await;
    for part in [
        "Sat 1 Feb 2025, 00:30 to 01:30",
        "in several parts",
        "failed",
        "all of it has a price",
        ">0.00 EUR<",
        "#energy-grid-kwh\"",
        ">1000.0<",
        ">mi<",
        "href=\"../charging_blocks.csv?from=2025-01-31T23:30:00.000Z&#38;to=",
        // Power over time up to the end, and over the charge between its readings.
        "[[1738366200000.0,11.0],[1738368000000.0,9.0],[1738369800000.0,7.0]]",
        "[[20.0,11.0],[30.0,9.0],[40.0,7.0]]",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (_, blocks) = page.split_once("id=\"blocks\"").unwrap();
    let priced = row(blocks, "00:30</span>");
    assert!(priced.contains(">0.00 EUR<"), "{priced}");
    let rows: Vec<_> = blocks.split("<tr>").collect();
    let unpriced = rows.last().unwrap();
    assert!(
        unpriced.contains("01:00") && unpriced.contains(">–<"),
        "{unpriced}"
    );
    // Without a reading of the power the blocks tell it, and without either there is no curve.
    let by_blocks = filled.of("charging/2025-02-10T12:00:00Z").await;
    for part in [
        "no price is known",
        "[[1739188800000.0,90.0],[1739190000000.0,0.0]]",
        "&#34;kind&#34;:&#34;step&#34;",
    ] {
        assert!(by_blocks.contains(part), "{part}: {by_blocks}");
    }
    let bare = filled.of("charging/2025-02-11T12:00:00Z").await;
    assert!(
        !bare.contains("data-chart") && bare.contains("Since Tue 11 Feb 2025, 13:00"),
        "{bare}"
    );
    for start in ["2025-02-10T12:00:01Z", "soon"] {
        let path = format!("v/{}/charging/{start}", name());
        let answer = filled.page.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{start}");
    }
}

#[tokio::test]
async fn trips_tell_distance_and_consumption_in_the_units_of_their_reader() {
    let metric = filled(UnitSystem::Metric).await.of("trips?range=all").await;
    let month = row(&metric, "February 2025");
    for part in [">161 km<", ">20.0 kWh/100 km<", "19.0 to 21.0"] {
        assert!(month.contains(part), "{part}: {month}");
    }
    let why = format!("../../why/consumption/{}/2025-02%2030#kwh-per-100-km", name());
    assert!(month.contains(&why), "{month}");
    let imperial = filled(UnitSystem::Imperial).await.of("trips?range=all").await;
    let month = row(&imperial, "February 2025");
    // The lower number comes first, though it is the higher consumption.
    for part in [">100 mi<", ">3.1 mi/kWh<", "3.0 to 3.3"] {
        assert!(month.contains(part), "{part}: {month}");
    }
    let drive = row(&imperial, "href=\"trips/2025-02-03T08%3A00%3A00Z\"");
    assert!(
        drive.contains("Home") && drive.contains("&#60;script&#62;"),
        "{drive}"
    );
}

#[tokio::test]
async fn a_track_is_drawn_for_who_asks_for_it() {
    let filled = filled(UnitSystem::Metric).await;
    let page = filled.of(&format!("trips/{DRIVE}")).await;
    assert!(page.contains("href=\"?position=shown\"") && !page.contains("class=\"track\""));
    assert!(page.contains(">160.9<") && page.contains(">19.9<"), "{page}");
    let shown = filled.of(&format!("trips/{DRIVE}?position=shown")).await;
    assert!(shown.contains("class=\"track\"") && !shown.contains("href=\"?position=shown\""));
    let file =
        "../track.csv?from=2025-02-03T08:00:00.000Z&#38;to=2025-02-03T09:30:00.001Z&#38;position=shown";
    assert!(shown.contains(file), "{shown}");
    let track = "track.csv?from=2025-02-03T08:00:00Z&to=2025-02-03T09:30:00.001Z";
    let told = filled
        .page
        .get(&format!("v/{}/{track}&position=shown", name()))
        .send()
        .await;
    assert_eq!(
        told.unwrap().text().await.unwrap(),
        "measured_at,latitude,longitude\n2025-02-03T08:00:00.000Z,48.123,11.456\n2025-02-03T09:30:00.000Z,48.9,11.6\n"
    );
    let refused = filled
        .page
        .get(&format!("v/{}/{track}", name()))
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    for page in [page, shown] {
        assert!(!page.contains("48.123") && !page.contains("11.456"), "{page}");
    }
}

#[tokio::test]
async fn a_long_table_goes_on_with_what_came_before() {
    let start = |day: i64| at("2025-01-01T12:00:00Z", day * 1_440);
    let trips = (0..60).map(|day| record(&TRIP, start(day), &[("distance_km", number(1.0))]));
    let filled = Filled::with(Vec::new(), trips.collect(), Program::default()).await;
    let links = |page: &str| page.matches("href=\"trips/2025").count();
    let page = filled.of("trips?range=all").await;
    assert_eq!(links(&page), 50);
    let more = format!("?range=all&to={:.3}", start(10));
    assert!(
        page.contains(&format!("href=\"{}\"", more.replace('&', "&#38;"))),
        "{page}"
    );
    let rest = filled.of(&format!("trips{more}")).await;
    assert_eq!(links(&rest), 10);
    assert!(!rest.contains("&#38;to=2025-01-01T12"), "nothing comes before");
}

#[tokio::test]
async fn a_month_of_the_calendar_and_a_place_can_be_chosen() {
    let filled = filled(UnitSystem::Metric).await;
    let all = filled.of("charging?range=all").await;
    let month = row(&all, "February 2025");
    assert!(month.contains("href=\"?range=2025-02\""), "{month}");
    let february = filled.of("charging?range=2025-02").await;
    assert!(
        february.contains("1 Feb 2025, 00:30") && february.contains("aria-current=\"true\">Feb 2025</a>")
    );
    for beside in ["charging?range=2025-01\"", "charging?range=2025-03\""] {
        assert!(february.contains(beside), "{beside}");
    }
    let march = filled.of("charging?range=2025-03").await;
    assert!(march.contains("No charge is known of this time."), "{march}");

    let places = all.split("id=\"places\"").nth(1).unwrap();
    assert!(
        places.contains("href=\"?range=all&#38;place=%E2%80%93\""),
        "{places}"
    );
    let unknown = filled.of("charging?range=all&place=%E2%80%93").await;
    assert!(!unknown.contains("&#60;script&#62;"), "that one has a place");
    for part in [
        "Charges at – alone.",
        "href=\"?range=all\">All places",
        "?csv=totals&#38;range=all&#38;place=%E2%80%93",
        "charging?range=month&#38;place=%E2%80%93",
    ] {
        assert!(unknown.contains(part), "{part}: {unknown}");
    }
    let file = async |query: &str| {
        let path = format!("v/{}/charging_sessions.csv{query}", name());
        filled.page.get(&path).send().await.unwrap().text().await.unwrap()
    };
    let (part, whole) = (file("?place=%E2%80%93").await, file("").await);
    assert!(
        part.lines().count() < whole.lines().count() && whole.contains("<script>"),
        "{whole}"
    );
    assert!(!part.contains("<script>"), "{part}");
    let nowhere = filled.of("charging?range=all&place=nowhere").await;
    assert!(nowhere.contains("No charge is known of this time."), "{nowhere}");
}

//! One key as its reader sees it.

use collector_core::Reading;
use collector_core::testkit::{reading, vehicle};
use reqwest::StatusCode;
use status::Status;
use url::Url;

use super::garage::{CHARGE, FIRST, Filled, HOSTILE, NORTH, at, number, readings, text};
use super::history::{MANY, MINUTE, NOON, filled, name};
use super::site::Program;
use super::system::{part, seen};
use super::walk::links;

const DOOR: &str = "vehicle.body.door.lock";
/// What would lead elsewhere, or be more than a text, as it stands.
const EVIL: [&str; 9] = [
    "vehicle.<script>alert(1)</script>",
    "../../system",
    "a/../b",
    "%2e%2e",
    "a%2Fb",
    "a?range=all#c",
    "\"><img src=x onerror=alert(1)>",
    "\\\\host\\x",
    "ü \u{202e}",
];

fn of(key: &str) -> String {
    format!("v/{}/key/{key}", name())
}

async fn car(readings: Vec<Reading>) -> Filled {
    let program = Program {
        fares: Some(Status::default),
        ..Program::default()
    };
    Filled::with(readings, Vec::new(), program).await
}

fn doors(told: &[(i64, &str)]) -> Vec<Reading> {
    let one = |&(minute, word): &(i64, &str)| {
        let at = at(FIRST, minute).as_millisecond();
        reading(DOOR, "door_lock", text(word), None, at)
    };
    told.iter().map(one).collect()
}

/// What `key` leads to, as the links of Data have it.
async fn linked(filled: &Filled) -> Vec<Url> {
    let data = format!("v/{}/data", name());
    let html = filled.at(&data).await;
    let base = Url::parse(&format!("http://{}/{data}", filled.page.address)).unwrap();
    let keys = links(part(&html, "<table id=\"keys\"", "</table>"));
    let keys = keys.iter().filter(|link| link.starts_with("key/"));
    keys.map(|link| base.join(link).unwrap()).collect()
}

#[tokio::test]
async fn a_number_tells_what_it_means_its_value_and_its_line() {
    let filled = car(readings()).await;
    let html = filled.at(&of(&format!("{CHARGE}?range=all"))).await;
    let facts = part(&html, "aria-label=\"This key\"", "</section>");
    for told in [
        ">40<",
        ">%<",
        "data-live=\"i4/soc\"",
        "2025-02-01T00:30:00Z",
        "measured, poll",
        ">telematics<",
        "Sat 1 Feb 2025, 00:30",
        "1 h 00 min",
    ] {
        assert!(facts.contains(told), "{told}: {facts}");
    }
    let known = catalogue::find(CHARGE).unwrap();
    assert!(html.contains(&format!("<h1>{}</h1>", known.title)), "{html}");
    assert!(html.contains(&format!("<p>soc · {CHARGE}</p>")), "{html}");
    let chart = part(&html, "<figure id=\"chart-told\"", "</figure>");
    assert!(chart.contains("Between 20 % and 40 %."), "{chart}");
    let json = links(chart).into_iter().find(|link| link.contains("series.json"));
    assert_eq!(json.unwrap(), format!("../series.json?key={CHARGE}"));
    let base = Url::parse(&format!("http://{}/{}", filled.page.address, of("x"))).unwrap();
    let csv = links(chart).into_iter().find(|link| link.contains("series.csv"));
    let csv = base.join(&csv.unwrap()).unwrap();
    let csv = filled.page.client.get(csv).send().await.unwrap();
    let csv = csv.text().await.unwrap();
    let rows: Vec<_> = csv.lines().skip(1).collect();
    assert_eq!(
        rows,
        ["2025-01-31T23:30:00.000Z,20", "2025-02-01T00:30:00.000Z,40"]
    );
    let named = filled.at(&of("soc?range=all")).await;
    assert!(named.contains(CHARGE) && named.contains("2025-02-01T00:30:00Z"));
}

#[tokio::test]
async fn many_numbers_are_told_by_the_lowest_and_the_highest_of_their_time() {
    let filled = filled().await;
    let path = of("vehicle.x.many?from=2026-03-01T12:00:00Z&to=2026-03-01T14:00:00Z");
    let (code, html) = seen(&filled.page, &path).await;
    assert_eq!(code, StatusCode::OK);
    let chart = part(&html, "{&#34;axis", "\" aria").replace("&#34;", "\"");
    let chart: serde_json::Value = serde_json::from_str(&chart).unwrap();
    let parts = chart["series"][0]["parts"].as_array().unwrap();
    assert!((100..=601).contains(&parts.len()), "{}", parts.len());
    assert!(parts[1][1].as_f64() < parts[1][2].as_f64(), "{}", parts[1]);
    assert_eq!(
        parts.last().unwrap()[0].as_f64(),
        Some((NOON + 120 * MINUTE) as f64)
    );
    assert_eq!(parts.last().unwrap()[3].as_f64(), Some((MANY - 1) as f64));
    let table = part(&html, "<table id=\"told-table\"", "</table>");
    assert!(table.matches("<tr>").count() <= 101, "{table}");
    assert!(html.contains("BMW&#39;s catalogue does not have it"), "{html}");
}

#[tokio::test]
async fn a_text_tells_when_it_changed_and_what_held_before() {
    let told = doors(&[
        (0, "SECURED"),
        (60, "SECURED"),
        (90, "UNLOCKED"),
        (120, "UNLOCKED"),
        (150, HOSTILE),
    ]);
    let filled = car(told).await;
    let html = filled
        .at(&of(&format!(
            "{DOOR}?from=2025-02-01T00:00:00Z&to=2025-02-01T03:00:00Z"
        )))
        .await;
    let table = part(&html, "<table id=\"changes\"", "</table>");
    let rows: Vec<_> = table.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 3, "{table}");
    for (row, told) in rows.iter().zip([
        ["Sat 1 Feb 2025, 03:00", "&#60;script&#62;", "60 min"],
        ["Sat 1 Feb 2025, 02:00", "unlocked", "1 h 00 min"],
        ["before", "locked", "1 h 00 min"],
    ]) {
        assert!(told[..2].iter().all(|told| row.contains(told)), "{told:?}: {row}");
    }
    assert!(!html.contains("chart-told") && html.contains("../series.csv?key="));
    let nothing = filled
        .at(&of(&format!("{DOOR}?from=2024-01-01&to=2024-01-02")))
        .await;
    assert!(nothing.contains("It was not told in this time"), "{nothing}");
}

#[tokio::test]
async fn of_many_changes_the_newest_are_shown_and_how_many_there_are() {
    let filled = filled().await;
    let path = of("vehicle.x.switch?from=2026-03-01T12:00:00Z&to=2026-03-01T12:20:00Z");
    let (_, html) = seen(&filled.page, &path).await;
    let table = part(&html, "<table id=\"changes\"", "</table>");
    assert_eq!(table.matches("<tr>").count(), 201);
    assert!(html.contains("The newest 200 of 600 are shown.<"), "{html}");
    let path = of("vehicle.x.switch?from=2026-03-01T12:00:00Z&to=2026-03-01T14:00:00Z");
    let (_, html) = seen(&filled.page, &path).await;
    assert!(html.contains("the last one stands here"), "{html}");
}

#[tokio::test]
async fn a_value_that_ended_is_not_told_as_one() {
    let told = readings();
    let gone = told.iter().find(|one| one.descriptor.as_str() == CHARGE).unwrap();
    let gone = collector_core::testkit::ended(3, &gone.descriptor, at(FIRST, 120).as_millisecond());
    let program = Program {
        fares: Some(Status::default),
        ..Program::default()
    };
    let filled = Filled::of_entries(vec![collector_core::testkit::entry_with(1, told), gone], program).await;
    let html = filled.at(&of(CHARGE)).await;
    let facts = part(&html, "aria-label=\"This key\"", "</section>");
    assert!(facts.contains("40 % until Sat 1 Feb 2025, 02:30"), "{facts}");
    assert!(facts.contains("\"value\">–<"), "{facts}");
}

#[tokio::test]
async fn what_was_never_told_is_not_there() {
    let filled = car(readings()).await;
    for key in [
        "vehicle.x.nothing",
        "%2E%2E",
        "..%2F..%2Fsystem",
        "%00",
        "%3Cb%3E",
        "i4",
    ] {
        let answer = filled.page.get(&of(key)).header("accept", "text/html");
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{key}");
        let html = answer.text().await.unwrap();
        assert!(!html.contains("<b>"), "{html}");
    }
    let (code, _) = seen(&filled.page, &of(&format!("{CHARGE}?from=soon"))).await;
    assert_eq!(code, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_key_of_any_name_has_its_page_and_leads_nowhere_else() {
    let at = at(FIRST, 0).as_millisecond();
    let one = |key: &str| reading(key, key, number(7.0), None, at);
    let told = EVIL.into_iter().chain([".", ".."]).map(one).collect();
    let filled = car(told).await;
    let ways = linked(&filled).await;
    assert_eq!(ways.len(), EVIL.len(), "a name of dots alone has no address");
    for way in ways {
        assert!(way.path().starts_with(&format!("/{}", of(""))), "{way}");
        let path = way.as_str().split_once("/v/").unwrap().1;
        let html = filled.at(&format!("v/{path}?range=all")).await;
        // Scripts find the value by the name as it is, in an attribute.
        let html = html.replace("\u{202e}\"", "\"");
        for mark in ["<img", "<script>", "\u{202e}"] {
            assert!(!html.contains(mark), "{way}: {html}");
        }
        let chart = part(&html, "<figure id=\"chart-told\"", "</figure>");
        for link in links(chart).iter().filter(|link| link.contains("series.")) {
            let file = filled
                .page
                .client
                .get(way.join(link).unwrap())
                .send()
                .await
                .unwrap();
            assert_eq!(file.status(), StatusCode::OK, "{link}");
            let told = file.text().await.unwrap();
            assert!(told.contains('7'), "{link}: {told}");
        }
    }
}

#[tokio::test]
async fn where_the_car_is_is_told_to_who_asks_for_it() {
    let filled = car(readings()).await;
    let is_told = |html: &str| html.contains("48.9") || html.contains("48.123");
    let hidden = filled.at(&of(&format!("{NORTH}?range=all"))).await;
    assert!(!is_told(&hidden) && !hidden.contains("data-chart"), "{hidden}");
    assert!(
        !hidden.contains("data-live") && !hidden.contains("series."),
        "{hidden}"
    );
    assert!(
        hidden.contains("<a class=\"button\" href=\"?position=shown\""),
        "{hidden}"
    );
    let shown = filled.at(&of(&format!("{NORTH}?range=all&position=shown"))).await;
    assert!(is_told(&shown), "{shown}");
    let all = links(&shown);
    let ways = all
        .iter()
        .filter(|link| link.contains("range=") || link.contains("series."));
    assert!(ways.clone().count() >= 7, "{all:?}");
    assert!(
        ways.clone().all(|link| link.contains("position=shown")),
        "{all:?}"
    );
    let (code, _) = seen(&filled.page, &of(&format!("{NORTH}?csv=told-table"))).await;
    assert_eq!(code, StatusCode::NOT_FOUND);
    assert!(!shown.contains(vehicle(false).vin.as_str()));
}

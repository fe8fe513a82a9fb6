//! Data as its reader sees it.

use collector_core::testkit::{context, ended, entry_with, reading, vehicle};
use collector_core::{Sink, UnitSystem, Value};
use dashboard::Limits;
use dashboard::door::Auth;
use history::{HistorySink, Place};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use status::doctor::{Looked, Verdict, diagnose};
use status::{Arrivals, Gap, GapCause, LogTotals, Status, VehicleTotals};
use tempfile::TempDir;

use super::garage;
use super::history::{CHARGE, MINUTE, NOON, name};
use super::site::{Page, Program};
use super::system::{part, seen, stream};

const RANGE: &str = "vehicle.range";
const GONE: &str = "vehicle.gone";
const EVIL: &str = "vehicle.<b>evil";

async fn filled(units: UnitSystem) -> (Page, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.db");
    let place = Place {
        path: path.clone().into(),
        others_may_read: false,
        rollups: true,
    };
    let of = |key: &str, name: &str, value: Value, unit, minute: i64| {
        reading(key, name, value, unit, NOON + minute * MINUTE)
    };
    let charge = |value, minute| of(CHARGE, "charge", Value::Number(value), Some("%"), minute);
    let gone = of(GONE, "gone", Value::Number(7.0), None, 0);
    let hostile = Value::Text("<script>alert(1)</script>\u{202e}".into());
    let readings = vec![
        charge(50.0, 0),
        charge(60.5, 10),
        charge(61.0, 20),
        of(RANGE, "range", Value::Number(100.0), Some("km"), 0),
        gone.clone(),
        of(EVIL, "<i>evil", hostile, None, 0),
    ];
    let other = of(CHARGE, "charge", Value::Number(13.0), Some("%"), 0);
    let entries = [
        entry_with(1, readings),
        entry_with(2, vec![other]),
        ended(3, &gone.descriptor, NOON + 5 * MINUTE),
    ];
    let mut sink = HistorySink::new(place, None, context().log_id);
    assert_eq!(sink.write(&entries).await.unwrap().rejected, []);
    let page = Page::told_in(units, Auth::Loopback, Limits::default(), path, Program::default()).await;
    (page, folder)
}

fn status() -> Status {
    let vin = vehicle(false).vin.to_string();
    let from = Timestamp::now() - SignedDuration::from_hours(40);
    let cause = GapCause::OtherProgram;
    let gaps = vec![
        Gap {
            from,
            to: Some(from + SignedDuration::from_mins(95)),
            cause,
        },
        Gap {
            from: from + SignedDuration::from_hours(9),
            to: None,
            cause: GapCause::Restart,
        },
    ];
    let other = vec![Gap {
        from,
        to: None,
        cause: GapCause::Login,
    }];
    Status {
        streams: vec![stream(&vin, gaps), stream("another", other)],
        arrivals: vec![Arrivals {
            vin: vin.clone(),
            account: "home".to_owned(),
            source: "telematics".to_owned(),
            origin: "poll".to_owned(),
            snapshots: 3,
            entries: 2,
            readings: 4_711,
            repeats: 815,
            last_received_at: from,
        }],
        vehicles: vec![VehicleTotals {
            vin,
            never_reported: 23,
            ..VehicleTotals::default()
        }],
        log: LogTotals {
            rejected: 9,
            impossible: 2,
            ..LogTotals::default()
        },
        ..Status::default()
    }
}

async fn told(units: UnitSystem) -> (Page, TempDir, String) {
    let (page, folder) = filled(units).await;
    let looked = Looked {
        network: None,
        accounts: Vec::new(),
        ended: Vec::new(),
    };
    *page.program.findings.lock().unwrap() = diagnose(&looked, &Status::default());
    *page.program.status.lock().unwrap() = Some(status());
    let (code, html) = seen(&page, &format!("v/{}/data", name())).await;
    assert_eq!(code, StatusCode::OK);
    (page, folder, html)
}

#[tokio::test]
async fn every_key_tells_its_value_its_cadence_and_who_brings_it() {
    let (_page, _folder, html) = told(UnitSystem::Metric).await;
    let keys = part(&html, "<table id=\"keys\"", "</table>");
    let row = part(keys, ">charge<", "</tr>");
    for text in [
        CHARGE,
        "data-live=\"i4/charge\"",
        "value\">61<",
        ">%<",
        "10 min",
        "measured, poll",
        "telematics",
    ] {
        assert!(row.contains(text), "{text}: {row}");
    }
    assert!(
        row.contains("datetime=\"2026-03-01T12:20:00Z\"") && row.contains("data-sort=\"3\""),
        "{row}"
    );
    let gone = part(keys, ">gone<", "</tr>");
    assert!(
        gone.contains("7 until Sun 1 Mar 2026, 12:05") && !gone.contains("value\">7<"),
        "{gone}"
    );
    assert!(part(keys, ">range<", "</tr>").contains("value\">100<"));
    assert!(html.contains("href=\"now.csv\"") && !keys.contains(">13<"));
    assert!(!html.contains(vehicle(false).vin.as_str()));
    let (_page, _folder, html) = told(UnitSystem::Imperial).await;
    let row = part(&html, ">range<", "</tr>");
    assert!(row.contains("value\">62") && row.contains(">mi<"), "{row}");
}

#[tokio::test]
async fn every_key_has_a_state_where_one_is_known() {
    let (page, _folder, html) = told(UnitSystem::Metric).await;
    let keys = part(&html, "<table id=\"keys\"", "</table>");
    let state = |key: &str| part(keys, &format!(">{key}<"), "</tr>").to_owned();
    assert!(state("charge").contains("chip good\">on time<"), "{keys}");
    assert!(state("gone").contains("\">ended<"), "{keys}");
    assert!(!state("range").contains("chip"), "it came once: {keys}");
    let untold = part(&html, "<details class=\"table\">", "</details>");
    let only_polled = |known: &&catalogue::CatalogueEntry| !known.streamable && !known.endpoint_bound;
    let polled: Vec<_> = catalogue::CATALOGUE.iter().filter(only_polled).collect();
    let count = format!("Keys that never came: {}<", polled.len());
    assert!(untold.contains(&count) && polled.len() > 10, "{untold}");
    assert_eq!(untold.matches(">not selected<").count(), polled.len());
    assert!(polled.iter().all(|known| untold.contains(known.descriptor)));

    let silent = Status {
        streams: Vec::new(),
        ..status()
    };
    *page.program.status.lock().unwrap() = Some(silent);
    let (_, html) = seen(&page, &format!("v/{}/data", name())).await;
    let open = catalogue::CATALOGUE.iter().filter(|known| !known.endpoint_bound);
    // One of them was told.
    let count = format!("Keys that never came: {}<", open.count() - 1);
    assert!(html.contains(&count), "{count}: {html}");

    let (_, html) = seen(&page, &format!("v/{}/data", name())).await;
    assert!(!html.contains("never came"), "of a program that can tell nothing");
}

#[tokio::test]
async fn every_key_of_the_catalogue_fits_into_what_a_phone_loads() {
    let told = catalogue::CATALOGUE.iter().enumerate().map(|(place, known)| {
        let minute = i64::try_from(place).unwrap();
        let value = Value::Number(minute as f64 * 1.7);
        reading(
            known.descriptor,
            known.name,
            value,
            Some("km"),
            NOON + minute * MINUTE,
        )
    });
    let program = Program {
        fares: Some(status),
        ..Program::default()
    };
    let filled = garage::Filled::with(told.collect(), Vec::new(), program).await;
    let path = format!("v/{}/data", name());
    let told = filled.page.get(&path).header("accept-encoding", "gzip");
    let told = told.send().await.unwrap().bytes().await.unwrap();
    assert!(
        told.len() < 45_000,
        "{} beside 8 kB of scripts and styles",
        told.len()
    );
    assert!(
        told.len() > 5_000 && told.starts_with(&[0x1f, 0x8b]),
        "{}",
        told.len()
    );
}

#[tokio::test]
async fn gaps_tell_their_cause_and_what_to_do() {
    let (_page, _folder, html) = told(UnitSystem::Metric).await;
    let gaps = part(&html, "<table id=\"gaps\"", "</table>");
    let newest = gaps.find("did not run").unwrap();
    let oldest = gaps.find("Another program had").unwrap();
    assert!(
        newest < oldest && gaps.contains("1 h 35 min") && gaps.contains(">lasts<"),
        "{gaps}"
    );
    assert!(
        gaps.contains("stop the other program") && !gaps.contains("cardata login"),
        "{gaps}"
    );
}

#[tokio::test]
async fn what_is_wrong_stands_first_and_totals_add_up() {
    let (_page, _folder, html) = told(UnitSystem::Metric).await;
    let answers = part(&html, "<ul class=\"answers\"", "</ul>");
    assert!(
        answers.contains("notice bad")
            && answers.contains("It does not run")
            && answers.contains("systemctl enable"),
        "{answers}"
    );
    let totals = part(&html, "aria-label=\"All keys together\"", "</section>");
    for text in [
        ">4<",
        ">3<",
        ">1<",
        ">23<",
        ">6<",
        ">815<",
        ">2<",
        ">7<",
        "telematics (poll)",
        ">4711<",
    ] {
        assert!(totals.contains(text), "{text}: {totals}");
    }
}

#[tokio::test]
async fn what_is_in_order_is_a_number_that_opens() {
    let (page, _folder, _) = told(UnitSystem::Metric).await;
    for finding in page.program.findings.lock().unwrap().iter_mut() {
        (finding.verdict, finding.advice) = (Verdict::Ok, None);
    }
    *page.program.status.lock().unwrap() = Some(status());
    let (_, html) = seen(&page, &format!("v/{}/data", name())).await;
    let findings = page.program.findings.lock().unwrap().len();
    let answers = part(&html, "<ul class=\"answers\"", "</details>");
    assert!(
        answers.contains(&format!("<h3>In order: {findings}</h3>")),
        "{answers}"
    );
    let (shown, folded) = answers.split_once("<details").unwrap();
    assert_eq!(folded.matches("<li>").count(), findings, "{folded}");
    assert!(folded.contains("it does not run"), "{folded}");
    assert!(!shown.contains("does not run"), "{shown}");
}

#[tokio::test]
async fn what_a_car_says_is_a_text_and_nothing_else() {
    let (_page, _folder, html) = told(UnitSystem::Metric).await;
    assert!(!html.contains("<script>alert") && !html.contains("<i>evil") && !html.contains("<b>evil"));
    assert!(
        !html.contains('\u{202e}') && html.contains("&#60;script&#62;alert(1)"),
        "{html}"
    );
}

#[tokio::test]
async fn it_is_shown_where_the_program_can_tell_nothing() {
    let (page, _folder) = filled(UnitSystem::Metric).await;
    let (code, html) = seen(&page, &format!("v/{}/data", name())).await;
    assert_eq!(code, StatusCode::OK);
    assert!(
        html.contains("mend the disk") && html.contains("<span data-part=\"value\">Not known</span>"),
        "{html}"
    );
    assert!(!html.contains("Nothing is wrong"));
}

//! Pages as they may be, for tests and to be looked at: two cars, texts of a hostile car, and nothing at all.

mod cars;
mod keys;
mod pictures;
mod program;
mod records;

use std::sync::Arc;

use crate::alone::{Problem, Token};
use crate::battery::{Battery, Health};
use crate::charging::Charging;
use crate::chart::Chart;
use crate::data::Data;
use crate::frame::{Frame, Page, VehicleLink};
use crate::now::{Now, Poll, Position};
use crate::parts::{Cell, Choice, Column, Fact, Moment, Table};
use crate::system::System;
use crate::trips::{Trip, Trips};
use crate::why::Why;
use cars::{battery, now};
use program::{data, login, steps, system};
use records::{charge, charging, trip, trips, why};

/// What a car may say to get out of a text, an attribute or a script.
pub const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>{{7*7}}\u{202e}&";

const NOW_MS: i64 = 1_772_470_800_000;

const HOUR: f64 = 3_600_000.0;

fn frame(page: Page, title: &str, depth: usize) -> Frame {
    let root = "../".repeat(depth);
    let vehicle = |name: &str, is_current| VehicleLink {
        name: name.to_owned(),
        href: format!("{root}v/{name}/now"),
        is_current,
    };
    Frame {
        vehicles: vec![vehicle("i4", true), vehicle("iX3", false)],
        vehicle: "i4".to_owned(),
        title: title.to_owned(),
        root,
        page,
        versions: Arc::default(),
        notices: Vec::new(),
        now_ms: NOW_MS,
        zone: "Europe/Berlin".to_owned(),
        sequence: Some(12),
        version: "0.1.0".to_owned(),
    }
}

fn at(minutes: i64) -> Option<Moment> {
    let now = jiff::Timestamp::from_millisecond(NOW_MS).expect("a time");
    let at = now - jiff::SignedDuration::from_mins(minutes);
    Some(Moment {
        iso: at.to_string(),
        text: at
            .to_zoned(jiff::tz::TimeZone::UTC)
            .strftime("%a %-d %b %Y, %H:%M")
            .to_string(),
        age: crate::texts::age(at, now),
    })
}

fn fact(label: &str, value: &str, unit: &str) -> Fact {
    Fact {
        live: format!("i4/{}", label.to_lowercase().replace(' ', "_")),
        label: label.to_owned(),
        value: value.to_owned(),
        unit: unit.to_owned(),
        is_words: unit.is_empty(),
        at: at(4),
        origin: "measured, stream".to_owned(),
        ..Fact::default()
    }
}

fn derived(label: &str, value: &str, unit: &str, interval: &str) -> Fact {
    Fact {
        live: String::new(),
        at: None,
        origin: "derived".to_owned(),
        interval: interval.to_owned(),
        why: "../../why/session/i4/2026-03-01T17:05:00Z#energy".to_owned(),
        ..fact(label, value, unit)
    }
}

/// Columns whose name begins with `#` hold numbers.
fn table(id: &'static str, caption: &str, columns: &[&str], rows: &[&[&str]]) -> Table {
    let column = |label: &&str| match label.strip_prefix('#') {
        Some(label) => Column::number(label),
        None => Column::text(*label),
    };
    let cell = |text: &&str| Cell::sorted(*text, text.split(' ').next().unwrap_or_default().replace(',', ""));
    Table {
        id,
        caption: caption.to_owned(),
        columns: columns.iter().map(column).collect(),
        rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        csv: format!("{id}.csv"),
        empty: "Nothing yet: it comes with the first charge at home.".to_owned(),
        more: None,
    }
}

fn ranges() -> Vec<Choice> {
    let choice = |(label, is_current): (&str, bool)| Choice {
        label: label.to_owned(),
        href: format!("?days={label}"),
        is_current,
    };
    [
        ("7 days", false),
        ("30 days", true),
        ("1 year", false),
        ("All", false),
    ]
    .map(choice)
    .to_vec()
}

/// Every page by its name, with data and without.
pub fn pages() -> Vec<(&'static str, String)> {
    use askama::Template;
    let lone = || frame(Page::Other, "Not found", 0);
    let nothing = |page| Frame {
        vehicles: Vec::new(),
        vehicle: String::new(),
        ..frame(page, "Nothing", 2)
    };
    let empty = |id| Chart {
        id,
        title: "Charge".to_owned(),
        to: HOUR,
        table: table("none", "Charge", &[], &[]),
        ..Chart::default()
    };
    let learning = Health::Learning {
        done: 4,
        of: 10,
        why: String::new(),
    };
    let hidden = Position::Hidden {
        show: "?position=1#position".to_owned(),
    };
    let refused = Poll {
        refused: "No call is left today: the next is at 01:00.".to_owned(),
        ..Poll::default()
    };
    let mut pages = vec![
        ("now", now().render()),
        (
            "now-empty",
            Now {
                frame: nothing(Page::Now),
                position: Some(hidden),
                poll: Some(refused),
                ..Now::default()
            }
            .render(),
        ),
        ("battery", battery().render()),
        (
            "battery-learning",
            Battery {
                health: learning,
                ..battery()
            }
            .render(),
        ),
        (
            "battery-empty",
            Battery {
                frame: nothing(Page::Battery),
                level: empty("level"),
                ..Battery::default()
            }
            .render(),
        ),
        ("charging", charging().render()),
        (
            "charging-empty",
            Charging {
                frame: nothing(Page::Charging),
                ..Charging::default()
            }
            .render(),
        ),
        ("charge", charge().render()),
        ("trips", trips().render()),
        (
            "trips-empty",
            Trips {
                frame: nothing(Page::Trips),
                ..Trips::default()
            }
            .render(),
        ),
        ("trip", trip().render()),
        (
            "trip-empty",
            Trip {
                frame: nothing(Page::Trips),
                title: "Trip".to_owned(),
                ..Trip::default()
            }
            .render(),
        ),
        ("data", data().render()),
        (
            "data-empty",
            Data {
                frame: nothing(Page::Data),
                ..Data::default()
            }
            .render(),
        ),
        ("system", system().render()),
        (
            "system-empty",
            System {
                frame: nothing(Page::System),
                ..System::default()
            }
            .render(),
        ),
        ("why", why().render()),
        (
            "why-empty",
            Why {
                values: Vec::new(),
                ..why()
            }
            .render(),
        ),
        (
            "token",
            Token {
                frame: Frame {
                    sequence: None,
                    ..lone()
                },
                action: String::new(),
                is_wrong: true,
            }
            .render(),
        ),
        (
            "error",
            Problem {
                frame: lone(),
                status: 404,
                title: "There is no such page".to_owned(),
                text: HOSTILE.to_owned(),
            }
            .render(),
        ),
    ];
    pages.extend(keys::pages());
    pages.extend(steps().map(|(name, step)| (name, login(step).render())));
    pages
        .into_iter()
        .map(|(name, page)| (name, page.expect("a page")))
        .collect()
}

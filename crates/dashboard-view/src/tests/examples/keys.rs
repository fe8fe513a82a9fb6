//! Keys of a car, as they may be.

use askama::Template;

use super::pictures::level;
use super::{HOSTILE, fact, frame, ranges, table};
use crate::frame::Page;
use crate::key::{Changes, Key, Told};
use crate::parts::Link;

pub fn pages() -> [(&'static str, askama::Result<String>); 3] {
    let hidden = Link {
        label: "Show".to_owned(),
        href: "?position=shown".to_owned(),
    };
    let changes = Changes {
        note: "The newest 2 of 431 are shown.".to_owned(),
        table: table(
            "changes",
            "Every change",
            &["From", "Value", "How long"],
            &[
                &["Mon 2 Mar 2026, 17:05", HOSTILE, "1 h 05 min"],
                &["before", "secured", "3 d 4 h"],
            ],
        ),
    };
    let numbers = Told::Numbers(Box::new(level("told", 30.0)));
    [
        ("key", key(numbers).render()),
        ("key-changes", key(Told::Changes(changes)).render()),
        ("key-hidden", key(Told::Hidden(hidden)).render()),
    ]
}

fn key(told: Told) -> Key {
    Key {
        frame: frame(Page::Data, "Mileage", 3),
        ranges: ranges(),
        title: "Mileage".to_owned(),
        about: HOSTILE.to_owned(),
        facts: vec![
            fact("Last value", "48,212", "km"),
            fact("Told every", "4 min", ""),
        ],
        notes: vec!["BMW can stream it, and polls can ask for it.".to_owned()],
        told,
    }
}

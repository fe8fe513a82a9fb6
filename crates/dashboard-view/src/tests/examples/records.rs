//! Charges and trips as they may be.

use super::pictures::{bars, curve, level, track};
use super::{HOSTILE, derived, fact, frame, ranges, table};
use crate::charging::{self as page, Charging};
use crate::frame::Page;
use crate::parts::{Link, Table};
use crate::trips::{Trip, Trips};
use crate::why::{Rule, Why, WhyValue};

pub fn charging() -> Charging {
    let mut sessions = table(
        "sessions",
        "Every charge",
        &[
            "Began",
            "Place",
            "#From",
            "#To",
            "#From grid",
            "#Into battery",
            "Kind",
            "#Cost",
        ],
        &[
            &[
                "2 Mar 2026, 17:05",
                "Home",
                "28 %",
                "80 %",
                "43.1 kWh",
                "39.8 kWh",
                "AC",
                "12.07 EUR",
            ],
            &[
                "27 Feb 2026, 12:31",
                HOSTILE,
                "11 %",
                "72 %",
                "—",
                "48.2 kWh",
                "DC",
                "partial",
            ],
        ],
    );
    for row in &mut sessions.rows {
        row[0].href = "charging/2026-03-02T16:05:00Z".to_owned();
        row[7].why = "../../why/session/i4/2026-03-02T16:05:00Z#cost".to_owned();
    }
    sessions.more = Some(Link {
        label: "Earlier".to_owned(),
        href: "?to=2026-02-27T11:31:00Z".to_owned(),
    });
    Charging {
        totals_table: Table::default(),
        frame: frame(Page::Charging, "Charging", 2),
        ranges: ranges(),
        only: Some((
            "Charges at Home alone.".to_owned(),
            Link {
                label: "All places".to_owned(),
                href: "?range=year".to_owned(),
            },
        )),
        totals: vec![
            derived("Energy", "3,001", "kWh", "from the grid"),
            derived("Cost", "812.40", "EUR", "6 % of the energy without a price"),
            derived("Loss", "8.1", "%", "of 61 charges with both ends measured"),
            derived("DC", "30", "%", ""),
        ],
        bars: Some(bars(&["AC", "DC"])),
        months: table(
            "months",
            "Charging by month",
            &[
                "Month",
                "#From grid",
                "#Into battery",
                "#AC",
                "#DC",
                "#Cost",
                "#Unpriced",
            ],
            &[
                &[
                    "March 2026",
                    "31 kWh",
                    "28 kWh",
                    "31 kWh",
                    "0 kWh",
                    "8.40 EUR",
                    "0 %",
                ],
                &[
                    "February 2026",
                    "276 kWh",
                    "251 kWh",
                    "193 kWh",
                    "83 kWh",
                    "88.10 EUR",
                    "12 %",
                ],
            ],
        ),
        sessions,
        places: table(
            "places",
            "Places",
            &["Place", "#Charges", "#Energy", "#Cost"],
            &[&["Home", "58", "2,104 kWh", "589 EUR"]],
        ),
    }
}

pub fn charge() -> page::Charge {
    page::Charge {
        frame: frame(Page::Charging, "Charge", 3),
        title: "Fri 27 Feb 2026, 12:31 to 12:58".to_owned(),
        about: "Rasthof, DC, told by BMW".to_owned(),
        marks: vec!["told in two parts".to_owned()],
        facts: vec![
            derived("Energy into the battery", "48.2", "kWh", "47.0 to 49.5 kWh"),
            derived("Peak power", "201", "kW", ""),
            derived("Cost", "28.44", "EUR", "known"),
            fact("Charge", "11 → 72", "%"),
        ],
        why: "../../../why/session/i4/2026-02-27T11:31:00Z".to_owned(),
        curves: vec![curve()],
        blocks: table(
            "blocks",
            "Stretches of one power",
            &["From", "To", "#Mean power", "#Energy"],
            &[&["12:31", "12:40", "198 kW", "29.7 kWh"]],
        ),
    }
}

pub fn trips() -> Trips {
    let mut all = table(
        "trips",
        "Every trip",
        &[
            "Began",
            "From",
            "To",
            "#Distance",
            "#Duration",
            "#Charge used",
            "#Consumption",
        ],
        &[
            &[
                "2 Mar 2026, 08:02",
                "Home",
                "Office",
                "24.1 km",
                "31 min",
                "6 %",
                "19.8 kWh/100 km",
            ],
            &[
                "1 Mar 2026, 15:40",
                HOSTILE,
                "Home",
                "112 km",
                "84 min",
                "29 %",
                "20.4 kWh/100 km",
            ],
        ],
    );
    for row in &mut all.rows {
        row[0].href = "trips/2026-03-02T07:02:00Z".to_owned();
    }
    Trips {
        totals_table: Table::default(),
        frame: frame(Page::Trips, "Trips", 2),
        ranges: ranges(),
        totals: vec![
            derived("Distance", "14,212", "km", ""),
            derived("Consumption", "19.6", "kWh/100 km", "19.1 to 20.2, of 61 legs"),
        ],
        bars: Some(bars(&["Distance"])),
        months: table(
            "months",
            "Trips by month",
            &["Month", "#Trips", "#Distance", "#Consumption"],
            &[&["March 2026", "4", "188 km", "19.9 kWh/100 km"]],
        ),
        trips: all,
    }
}

pub fn trip() -> Trip {
    Trip {
        frame: frame(Page::Trips, "Trip", 3),
        title: "Mon 2 Mar 2026, 08:02 to 08:33".to_owned(),
        about: "Home to Office".to_owned(),
        facts: vec![
            derived("Distance", "24.1", "km", "by the odometer"),
            fact("Charge", "86 → 80", "%"),
            derived("Consumption", "19.8", "kWh/100 km", "18.0 to 21.6"),
        ],
        why: "../../../why/trip/i4/2026-03-02T07:02:00Z".to_owned(),
        track: Some(track()),
        show: None,
        curves: vec![level("level", 0.1)],
    }
}

pub fn why() -> Why {
    let rule = |number: &str, text: &str| Rule {
        number: number.to_owned(),
        text: text.to_owned(),
    };
    let value = |id: &str, label: &str, value: &str, rules| WhyValue {
        id: id.to_owned(),
        label: label.to_owned(),
        value: value.to_owned(),
        unit: "kWh".to_owned(),
        interval: "38.9 to 40.6 kWh".to_owned(),
        rules,
        readings: Table {
            csv: String::new(),
            ..table(
                "",
                "Readings",
                &["Key", "#Value", "When", "Whence"],
                &[
                    &["soc", "28 %", "17:05", "stream"],
                    &[HOSTILE, "80 %", "22:40", "poll"],
                ],
            )
        },
    };
    Why {
        frame: frame(Page::Other, "Why?", 3),
        title: "Charging session of Mon 2 Mar 2026, 17:05".to_owned(),
        about: "Revision 3, final".to_owned(),
        back: Some(Link {
            label: "This charge".to_owned(),
            href: "../../../v/i4/charging/x".to_owned(),
        }),
        values: vec![
            value(
                "energy",
                "Energy into the battery",
                "39.8",
                vec![rule(
                    "12",
                    "Energy is the difference of the battery's charge times its capacity.",
                )],
            ),
            value("cost", "Cost", "12.07", Vec::new()),
        ],
    }
}

//! What the cars say, as it may be.

use super::pictures::{health_chart, level, track};
use super::{HOSTILE, at, derived, fact, frame, ranges, table};
use crate::battery::{Battery, Health};
use crate::frame::{Frame, Notice, Page};
use crate::now::Charging as ChargingNow;
use crate::now::{Car, Charge, Now, Opening, Place, Poll, Position, State, Tyre};
use crate::parts::{Fact, Level, Link};

pub fn now() -> Now {
    let opening = |place, label: &str, state, value: &str| Opening {
        place,
        state,
        fact: fact(label, value, ""),
    };
    let tyre = |place, label: &str, state, value: &str| Tyre {
        place: Some(place),
        state,
        fact: fact(label, value, "bar"),
        target: "should be 2.6 bar".to_owned(),
    };
    let notice = Notice {
        level: Level::Warn,
        text: "The login ends in 3 days.".to_owned(),
        link: Some(Link {
            label: "Log in again".to_owned(),
            href: "../../login".to_owned(),
        }),
    };
    Now {
        frame: Frame {
            notices: vec![notice],
            ..frame(Page::Now, "i4", 2)
        },
        car: Car {
            model: "BMW i4 eDrive40".to_owned(),
            name: "i4".to_owned(),
            image: String::new(),
        },
        charge: Some(Charge {
            fact: Fact {
                live: "i4/state_of_charge".to_owned(),
                origin: "measured".to_owned(),
                ..fact("Charge", "64", "%")
            },
            percent: 64.0,
            target: Some(80.0),
            target_text: "80 %".to_owned(),
            is_low: false,
        }),
        range: Some(fact("Range", "312", "km")),
        charging: Some(ChargingNow {
            power: Some(fact("Power", "10.8", "kW")),
            left: Some(fact("Time left", "1 h 20 min", "")),
            energy: Some(derived("Energy so far", "6.2", "kWh", "5.9 to 6.5 kWh")),
            session: Some(Link {
                label: "This charge".to_owned(),
                href: "charging/2026-03-02T15:00:00Z".to_owned(),
            }),
        }),
        facts: vec![
            fact("Plug", "connected", ""),
            fact("Odometer", "48,212", "km"),
            fact("Outside", "7.5", "°C"),
            fact("Preconditioning", HOSTILE, ""),
            Fact {
                origin: "resolved from vehicle.cabin.door.lock.status".to_owned(),
                ..fact("Locked", "yes", "")
            },
        ],
        openings: vec![
            opening(
                Some(Place::FrontLeft),
                "Door, front left",
                State::Closed,
                "closed",
            ),
            opening(Some(Place::FrontRight), "Door, front right", State::Open, "open"),
            opening(Some(Place::RearLeft), "Door, rear left", State::Closed, "closed"),
            opening(
                Some(Place::RearRight),
                "Door, rear right",
                State::Unknown,
                "unknown",
            ),
            opening(Some(Place::Bonnet), "Bonnet", State::Closed, "closed"),
            opening(Some(Place::Boot), "Boot", State::Closed, "closed"),
            opening(None, "Sunroof", State::Closed, "closed"),
        ],
        tyres: vec![
            tyre(Place::FrontLeft, "Tyre, front left", State::Closed, "2.6"),
            tyre(Place::FrontRight, "Tyre, front right", State::Closed, "2.6"),
            tyre(Place::RearLeft, "Tyre, rear left", State::Low, "2.1"),
            tyre(Place::RearRight, "Tyre, rear right", State::Closed, "2.7"),
        ],
        position: Some(Position::Shown {
            text: "48.1371, 11.5754".to_owned(),
            at: at(4),
            origin: "measured, stream".to_owned(),
            map: Link {
                label: "Open a map elsewhere".to_owned(),
                href: "https://www.openstreetmap.org/#map=16/48.1371/11.5754".to_owned(),
            },
            track: Some(track().into()),
        }),
        poll: Some(Poll {
            action: "poll".to_owned(),
            left: "31 of 50 calls left today".to_owned(),
            refused: String::new(),
        }),
        level: Some(level("level", 1.0)),
    }
}

pub fn battery() -> Battery {
    Battery {
        frame: frame(Page::Battery, "Battery", 2),
        ranges: ranges(),
        level: level("level", 30.0),
        health: Health::Known {
            facts: vec![
                derived("Health", "94.4", "%", "92 to 97 %"),
                derived("Capacity", "76.1", "kWh", "74.3 to 78.0 kWh"),
                fact("BMW says", "95", "%"),
            ],
        },
        facts: vec![
            derived("Range at 100 %", "478", "km", "460 to 490 km"),
            derived("Drain while parked", "0.6", "% a day", "0.4 to 0.9 % a day"),
        ],
        health_chart: Some(health_chart()),
        standstills: table(
            "standstills",
            "While parked",
            &["From", "How long", "#Charge lost", "#A day"],
            &[
                &["1 Mar 2026, 19:10", "14 h", "1 %", "0.9 %"],
                &["26 Feb 2026, 08:00", "9 h", "0 %", "0.0 %"],
            ],
        ),
    }
}

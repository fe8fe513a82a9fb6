//! Doors, windows and tyres: which key tells which of them.

use crate::cells::{Reading, alive};
use crate::shown;
use crate::told::Present;
use crate::view::now::{Opening, Place, State, Tyre};
use crate::view::texts;

/// Of a pressure below this share of what it should be, the tyre is low.
const LOW: f64 = 0.9;

/// Where something is: in which row, and on whose side.
#[derive(Clone, Copy)]
enum Seat {
    Front(Side),
    Rear(Side),
}

#[derive(Clone, Copy)]
enum Side {
    Driver,
    Passenger,
}

use Seat::{Front, Rear};
use Side::{Driver, Passenger};

const SEATS: [(&str, &str, Seat); 4] = [
    ("door_front_driver_open", "window_front_driver", Front(Driver)),
    (
        "door_front_passenger_open",
        "window_front_passenger",
        Front(Passenger),
    ),
    ("door_rear_driver_open", "window_rear_driver", Rear(Driver)),
    (
        "door_rear_passenger_open",
        "window_rear_passenger",
        Rear(Passenger),
    ),
];

const OTHERS: [(&str, &str, Option<Place>); 3] = [
    ("hood_open", "now.bonnet", Some(Place::Bonnet)),
    ("trunk_open", "now.boot", Some(Place::Boot)),
    ("sunroof", "now.sunroof", None),
];

const TYRES: [(&str, &str, Place); 4] = [
    (
        "tyre_pressure_front_left",
        "tyre_pressure_target_front_left",
        Place::FrontLeft,
    ),
    (
        "tyre_pressure_front_right",
        "tyre_pressure_target_front_right",
        Place::FrontRight,
    ),
    (
        "tyre_pressure_rear_left",
        "tyre_pressure_target_rear_left",
        Place::RearLeft,
    ),
    (
        "tyre_pressure_rear_right",
        "tyre_pressure_target_rear_right",
        Place::RearRight,
    ),
];

/// What the car tells of them. The driver sits on the right where BMW says so of the car.
pub fn openings(reading: &Reading<'_>, vehicle: &str, told: &Present, is_right: bool) -> Vec<Opening> {
    let one = |key: &str, label: &str, place| {
        let row = &alive(&told.latest, key)?.reading;
        let state = match shown::state(key, &row.value) {
            Some("open") => State::Open,
            Some(_) => State::Closed,
            None => State::Unknown,
        };
        Some(Opening {
            place,
            state,
            fact: reading.fact(label, vehicle, key, row),
        })
    };
    let doors = SEATS.iter().filter_map(|&(door, _, seat)| {
        let place = seat.place(is_right);
        one(door, &labelled("now.door", place), Some(place))
    });
    let others = OTHERS
        .iter()
        .filter_map(|&(key, label, place)| one(key, texts::t(label), place));
    let windows = SEATS
        .iter()
        .filter_map(|&(_, window, seat)| one(window, &labelled("now.window", seat.place(is_right)), None));
    doors.chain(others).chain(windows).collect()
}

pub fn tyres(reading: &Reading<'_>, vehicle: &str, told: &Present) -> Vec<Tyre> {
    let tyre = |&(key, target, place): &(&str, &str, Place)| {
        let row = &alive(&told.latest, key)?.reading;
        let wanted = told.number(target).filter(|wanted| *wanted > 0.0);
        let state = match (told.number(key), wanted) {
            (Some(pressure), Some(wanted)) if pressure < LOW * wanted => State::Low,
            (Some(_), Some(_)) => State::Closed,
            _ => State::Unknown,
        };
        let wanted = wanted.and_then(|_| Some(&alive(&told.latest, target)?.reading));
        let wanted = wanted.map(|row| {
            let wanted = reading.fact("", vehicle, target, row);
            texts::t("now.should_be").replace("{pressure}", &format!("{} {}", wanted.value, wanted.unit))
        });
        Some(Tyre {
            place: Some(place),
            state,
            fact: reading.fact(&labelled("now.tyre", place), vehicle, key, row),
            target: wanted.unwrap_or_default(),
        })
    };
    TYRES.iter().filter_map(tyre).collect()
}

fn labelled(key: &'static str, place: Place) -> String {
    let place = match place {
        Place::FrontLeft => "place.front_left",
        Place::FrontRight => "place.front_right",
        Place::RearLeft => "place.rear_left",
        Place::RearRight => "place.rear_right",
        Place::Bonnet => "now.bonnet",
        Place::Boot => "now.boot",
    };
    texts::t(key).replace("{place}", texts::t(place))
}

impl Seat {
    fn place(self, is_right: bool) -> Place {
        match (self, is_right) {
            (Front(Driver), false) | (Front(Passenger), true) => Place::FrontLeft,
            (Front(_), _) => Place::FrontRight,
            (Rear(Driver), false) | (Rear(Passenger), true) => Place::RearLeft,
            (Rear(_), _) => Place::RearRight,
        }
    }
}

//! Now: what the car says at this moment.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use collector_core::RecordState;
use collector_core::mask::readable;
use history::read::{Range, ReadError, Reader, RecordRow, TrackPoint, VehicleRow};
use jiff::{SignedDuration, Timestamp};
use status::Status;

use super::cells::{Reading, alive, key, why};
use super::files::with_tables;
use super::level::{self, Level};
use super::told::{CHARGE, ODOMETER, PLUGGED, Present, RANGE, RANGES};
use super::{Page, frame, login, openings, poll};
use crate::app::{App, Shared};
use crate::picture;
use crate::position::{self, Asked};
use crate::view::chart::Chart;
use crate::view::frame::{Notice, Page as Which, segment};
use crate::view::now::{Car, Charge, Charging, Now, Poll, Position};
use crate::view::parts::{Fact, Level as Severity, Link};
use crate::view::picture::Track;
use crate::view::texts;

const ROOT: &str = "../../";
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Points of a track.
const PLACES: usize = 500;
/// Below so many percent the ring warns.
const LOW: f64 = 20.0;
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";

pub(super) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(first))
        .route("/v/{name}/now", get(now))
        .route("/v/{name}/poll", post(poll::ask))
}

/// The first vehicle's; where there is none, the first login, or a page that says that nothing came.
async fn first(State(app): State<Shared>) -> Page {
    if let Some(vehicle) = app.vehicles().await?.first() {
        let to = format!("v/{}/now", segment(&vehicle.name));
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response());
    }
    let status = app.ask(|look| look.status()).await;
    if let Some(nobody) = status.as_ref().ok().and_then(login::nobody) {
        let to = login::way("", nobody).href;
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response());
    }
    let frame = frame::around(&app, "", Which::Now, "now", None, texts::t("nav.now"), &status).await?;
    with_tables(&Now {
        frame,
        ..Now::default()
    })
}

/// What the database of the page has for it.
struct Read {
    told: Present,
    /// The newest of each.
    vehicle: Option<RecordRow>,
    session: Option<RecordRow>,
    places: Vec<TrackPoint>,
    level: Level,
}

async fn now(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    Query(asked): Query<Asked>,
) -> Result<Response, crate::problem::Problem> {
    let vehicle = app.vehicle(&name).await?;
    let status = app.ask(|look| look.status()).await;
    let mut frame = frame::around(&app, ROOT, Which::Now, "now", Some(&vehicle), "", &status).await?;
    let status = status.ok();
    frame.notices.extend(poll::notice(&query, &app.options));
    let is_placed = asked.shows_position();
    let at = app.now();
    let values = app.ask(|look| look.values()).await.ok().flatten();
    let vin = vehicle.vin.clone();
    let read = app.model.read(move |reader| {
        let latest = reader.latest(&vin)?;
        let told = Present::new(latest, values.as_ref(), &vin);
        read(reader, &vin, told, at, is_placed)
    });
    let read = read.await?;
    let reading = Reading {
        options: &app.options,
        now: at,
    };
    let name = vehicle.name.as_str();
    let told = &read.told;
    if is_placed && read.places.is_empty() {
        frame.notices.push(Notice {
            level: Severity::Info,
            text: texts::t("now.no_place").to_owned(),
            link: None,
        });
    }
    let is_pictured = picture::is_there(&app, &vehicle.vin).await;
    let car = Car {
        model: read.vehicle.as_ref().map(model).unwrap_or_default(),
        name: readable(name),
        image: if is_pictured {
            "picture".to_owned()
        } else {
            String::new()
        },
    };
    let range = told.first(&RANGES);
    with_tables(&Now {
        car,
        charge: charge(&reading, name, told),
        range: range.map(|(key, row)| Fact {
            why: why(ROOT, "page", name, RANGE),
            ..reading.fact(texts::t("now.range"), name, key, row)
        }),
        charging: told
            .is_charging()
            .then(|| charging(&reading, &vehicle, told, read.session.as_ref())),
        facts: facts(&reading, name, told),
        openings: openings::openings(&reading, name, told, read.vehicle.as_ref().is_some_and(is_right)),
        tyres: openings::tyres(&reading, name, told),
        position: placed(&reading, told, &read.places, is_placed),
        poll: Some(poll_form(status.as_ref(), &vehicle)),
        level: Some(day(&app, &reading, &read.level, status.as_ref(), &vehicle)),
        frame,
    })
}

fn read(
    reader: &Reader,
    vin: &collector_core::Vin,
    told: Present,
    at: Timestamp,
    is_placed: bool,
) -> Result<Read, ReadError> {
    let last = |kind| {
        let range = Range {
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::MAX,
        };
        Ok::<_, ReadError>(reader.records(kind, Some(vin), range, 1)?.pop())
    };
    let day = before(at);
    let mut places = Vec::new();
    if is_placed {
        places = reader.track(vin, day, PLACES)?.places;
        let north = told.latest.iter().find(|one| one.descriptor == LATITUDE);
        if let (true, Some(north)) = (places.is_empty(), north) {
            // It stands where it stood then.
            let then = north.reading.measured_at;
            let to = then.checked_add(SignedDuration::from_millis(1)).unwrap_or(then);
            let track = reader.track(vin, before(to), PLACES)?;
            places = track.places.into_iter().next_back().into_iter().collect();
        }
    }
    let charge = told.quantity(CHARGE).and_then(|charge| charge.from.clone());
    let level = level::read(reader, vin, charge.as_ref().map(|key| key.as_str()), day)?;
    Ok(Read {
        vehicle: last("vehicles")?,
        session: last("charging_sessions")?,
        places,
        level,
        told,
    })
}

/// The day that ends then.
fn before(to: Timestamp) -> Range {
    Range {
        from: to.checked_sub(DAY).unwrap_or(Timestamp::UNIX_EPOCH),
        to,
    }
}

/// `BMW i4 eDrive40`.
fn model(vehicle: &RecordRow) -> String {
    let part = |column| vehicle.text(column).map(readable);
    let parts = [part("brand"), part("model")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// BMW writes `LL` and `RL`.
fn is_right(vehicle: &RecordRow) -> bool {
    vehicle
        .text("steering")
        .is_some_and(|word| word.to_ascii_uppercase().starts_with('R'))
}

fn charge(reading: &Reading<'_>, vehicle: &str, told: &Present) -> Option<Charge> {
    let quantity = told.quantity(CHARGE)?;
    let percent = quantity.number()?;
    let target = told.number("target_soc").filter(|target| *target > 0.0);
    Some(Charge {
        fact: Fact {
            why: why(ROOT, "page", vehicle, CHARGE),
            ..quantity.fact(reading, texts::t("now.soc"), vehicle)
        },
        percent: percent.clamp(0.0, 100.0),
        target,
        target_text: target
            .map(|target| reading.quantity(target, "%", 0))
            .unwrap_or_default(),
        is_low: percent < LOW,
    })
}

fn charging(
    reading: &Reading<'_>,
    vehicle: &VehicleRow,
    told: &Present,
    session: Option<&RecordRow>,
) -> Charging {
    let name = vehicle.name.as_str();
    let fact = |label, names: &[&'static str]| {
        let (key, row) = told.first(names)?;
        Some(reading.fact(texts::t(label), name, key, row))
    };
    let session = session.filter(|session| session.state == RecordState::Live);
    let energy = session.filter(|session| session.number("energy_kwh").is_some());
    Charging {
        power: fact("now.power", &["charging_power"]),
        left: fact("now.left", &["charging_time_remaining", "time_to_full"]),
        energy: energy.map(|session| Fact {
            why: why(ROOT, "session", name, &key(session)),
            ..reading.of_record(texts::t("now.energy"), session, "energy_kwh", "kWh", 1)
        }),
        session: session.map(|session| Link {
            label: texts::t("now.this_charge").to_owned(),
            href: format!("charging/{}", segment(&key(session))),
        }),
    }
}

fn facts(reading: &Reading<'_>, vehicle: &str, told: &Present) -> Vec<Fact> {
    const FACTS: [(&str, &[&str]); 8] = [
        ("now.status", &["charging_status"]),
        ("now.odometer", &ODOMETER),
        ("now.lock", &["door_lock", "doors_status"]),
        ("now.fuel", &["fuel_level", "fuel_remaining"]),
        ("now.total_range", &["total_range"]),
        ("now.climate", &["preconditioning_activity"]),
        ("now.service", &["service_distance"]),
        ("now.small_battery", &["battery_12v_soc"]),
    ];
    let has_fuel = told.first(&["fuel_level", "fuel_remaining"]).is_some();
    let plug = told.quantity(PLUGGED);
    let plug = plug.map(|plug| Fact {
        why: why(ROOT, "page", vehicle, PLUGGED),
        ..plug.fact(reading, texts::t("now.plug"), vehicle)
    });
    let facts = FACTS
        .iter()
        .filter(|(label, _)| has_fuel || *label != "now.total_range");
    let facts = facts.filter_map(|(label, names)| {
        let (key, row) = told.first(names)?;
        Some(reading.fact(texts::t(label), vehicle, key, row))
    });
    plug.into_iter().chain(facts).collect()
}

fn placed(reading: &Reading<'_>, told: &Present, places: &[TrackPoint], is_shown: bool) -> Option<Position> {
    let north = alive(&told.latest, "latitude")?;
    if !is_shown {
        return Some(Position::Hidden {
            show: format!("now?{}#position", position::SHOWN),
        });
    }
    let last = places.last()?;
    let (latitude, longitude) = (last.latitude, last.longitude);
    let at = format!("{latitude:.5}/{longitude:.5}");
    Some(Position::Shown {
        text: format!("{latitude:.5}, {longitude:.5}"),
        at: Timestamp::from_millisecond(last.at_ms)
            .ok()
            .map(|at| reading.moment(at)),
        origin: super::cells::origin(&north.reading),
        map: Link {
            label: texts::t("now.map").to_owned(),
            href: format!(
                "https://www.openstreetmap.org/?mlat={latitude:.5}&mlon={longitude:.5}#map=16/{at}"
            ),
        },
        track: (places.len() > 1).then(|| {
            Box::new(Track {
                title: texts::t("now.track").to_owned(),
                points: places
                    .iter()
                    .map(|place| (place.latitude, place.longitude))
                    .collect(),
                csv: format!("track.csv?{}", position::of(before(reading.now))),
            })
        }),
    })
}

fn poll_form(status: Option<&Status>, vehicle: &VehicleRow) -> Poll {
    let action = "poll".to_owned();
    let Some(status) = status else {
        return Poll {
            action,
            ..Poll::default()
        };
    };
    let maps = |mapped: &[(String, bool)]| mapped.iter().any(|(name, _)| *name == vehicle.name);
    let account = match status.accounts.as_slice() {
        [only] => Some(only),
        all => all.iter().find(|account| maps(&account.mapped)),
    };
    let Some(account) = account else {
        return Poll {
            action,
            ..Poll::default()
        };
    };
    let left =
        texts::count("now.calls", account.calls_left).replace("{of}", &account.calls_per_day.to_string());
    Poll {
        action,
        left,
        refused: match account.is_polled {
            true => String::new(),
            false => texts::t("now.no_source").to_owned(),
        },
    }
}

fn day(
    app: &App,
    reading: &Reading<'_>,
    level: &Level,
    status: Option<&Status>,
    vehicle: &VehicleRow,
) -> Chart {
    let range = before(app.now());
    let gaps = status.map(|status| level::gaps(status, &vehicle.vin, range, &level.silences));
    level.chart(reading, texts::t("level.last_day"), gaps.unwrap_or_default())
}

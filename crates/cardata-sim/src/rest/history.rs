//! `chargingHistory`: the sessions of at most 45 days, ten on a page, the newest first.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::call::{Answer, Call};
use crate::car::Car;
use crate::car::timeline::{Activity, Location, Segment, Supply};
use crate::documents::ragged;
use crate::world::World;

const LONGEST_WINDOW: SignedDuration = SignedDuration::from_hours(45 * 24);
const PAGE: usize = 10;
const KM_PER_MILE: f64 = 1.609_344;
const DAY: i64 = 86_400;
/// In EUR for each kWh.
const DC_PRICE: f64 = 0.59;
/// How long a pagination token lives.
const TOKEN_LIFETIME: SignedDuration = SignedDuration::from_hours(1);

pub(super) fn answer(world: &World, car: &Car, call: &Call, now: Timestamp) -> Result<Answer, Refusal> {
    let (from, to) = (time(call, "from")?, time(call, "to")?);
    if from >= to || to.duration_since(from) > LONGEST_WINDOW {
        return Err(Refusal::PARAMETER.with_note("from and to must span at most 45 days".into()));
    }
    let first = match call.query("nextToken") {
        Some(token) => offset(token, from, to, now).ok_or(Refusal::PAGINATION_TOKEN)?,
        None => 0,
    };
    let segments = car.history(now);
    let window = from.as_second()..=to.as_second();
    let charges = segments.iter().filter(|segment| {
        matches!(segment.activity, Activity::Charging(_)) && window.contains(&segment.start)
    });
    let charges: Vec<&Segment> = charges.rev().collect();
    let page = charges.iter().skip(first).take(PAGE);
    let session = |charge: &&Segment| {
        let mut session = session(car, charge, now.as_second());
        if world.config.documents.are_ragged {
            ragged(&mut session, charge.start);
        }
        session
    };
    let page: Vec<Value> = page.map(session).collect();
    let mut body = json!({ "data": page });
    if charges.len() > first + PAGE {
        body["next_token"] = token(first + PAGE, from, to, now).into();
    }
    Ok(Answer::json(200, &body))
}

/// An ISO 8601 time in UTC; seconds since 1970 are refused.
fn time(call: &Call, name: &str) -> Result<Timestamp, Refusal> {
    let refusal = |what: &str| Refusal::PARAMETER.with_note(format!("{name} is {what}"));
    let text = call.query(name).ok_or_else(|| refusal("missing"))?;
    text.parse().map_err(|_| refusal("not a date-time"))
}

fn token(offset: usize, from: Timestamp, to: Timestamp, now: Timestamp) -> String {
    let [from, to, now] = [from, to, now].map(Timestamp::as_second);
    URL_SAFE_NO_PAD.encode(format!("{offset} {from} {to} {now}"))
}

/// Where the page of a token begins; `None` if it belongs to another window or is too old.
fn offset(token: &str, from: Timestamp, to: Timestamp, now: Timestamp) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let numbers: Result<Vec<i64>, _> = text.split(' ').map(str::parse).collect();
    let [offset, token_from, token_to, issued] = numbers.ok()?[..] else {
        return None;
    };
    let same = token_from == from.as_second() && token_to == to.as_second();
    let fresh = now.as_second() - issued < TOKEN_LIFETIME.as_secs();
    (same && fresh).then(|| usize::try_from(offset).ok())?
}

/// What is charged between two pauses is a session of BMW's, however often the plug was moved.
fn session(car: &Car, charge: &Segment, now: i64) -> Value {
    let supply = charge.activity.supply().unwrap_or(Supply::Ac);
    let running = charge.end > now;
    let end = charge.end.min(now);
    let seconds = end - charge.start;
    let grid_kwh = charge.grid_kwh(end);
    let (mileage, unit) = match car.is_in_miles() {
        true => (charge.odometer.0 / KM_PER_MILE, "MI"),
        false => (charge.odometer.0, "KM"),
    };
    let blocks = charge.blocks().into_iter().filter(|block| block.start < end);
    let blocks: Vec<Value> = blocks
        .map(|block| {
            json!({ "startTime": block.start, "endTime": block.end.min(end), "averagePowerGridKw": block.kw })
        })
        .collect();
    let mut session = json!({
        "displayedStartSoc": charge.soc.0.round() as i64,
        "displayedSoc": charge.soc_at(end).round() as i64,
        "startTime": charge.start,
        "totalChargingDurationSec": seconds,
        "energyConsumedFromPowerGridKwh": grid_kwh,
        "isPreconditioningActivated": false,
        "mileage": mileage as i64,
        "mileageUnits": unit,
        "timeZone": "Europe/Berlin",
        "chargingLocation": location(supply),
        "chargingBlocks": blocks,
        "businessErrors": [],
    });
    if !running {
        session["endTime"] = charge.end.into();
        // At home BMW knows no price, and says 0.
        let cost = if supply == Supply::Dc {
            grid_kwh * DC_PRICE
        } else {
            0.0
        };
        session["chargingCostInformation"] =
            json!({ "currency": "EUR", "calculatedChargingCost": cost, "calculatedSavings": 0.0 });
        if charge.start.div_euclid(DAY) % 3 != 0 {
            session["energyIncreaseHvbKwh"] = (grid_kwh * supply.efficiency()).into();
        }
    }
    if supply == Supply::Dc {
        session["publicChargingPoint"] = json!({ "potentialChargingPointMatches": [{
            "providerName": "Seeladestation", "streetAddress": "Seestrasse 1", "city": "Prien", "postalCode": "83209",
        }] });
    }
    session
}

fn location(supply: Supply) -> Value {
    let (municipality, street, location) = match supply {
        Supply::Ac => ("München", "Marienplatz 1", Location::Home),
        Supply::Dc => ("Prien am Chiemsee", "Seestraße 1", Location::Lake),
    };
    let (latitude, longitude) = location.coordinates();
    json!({
        "municipality": municipality,
        "streetAddress": street,
        "formattedAddress": format!("{street}, {municipality}"),
        "mapMatchedLatitude": latitude,
        "mapMatchedLongitude": longitude,
    })
}

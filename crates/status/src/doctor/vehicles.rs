//! Selection, sleep and descriptors: whether the vehicles say something, and what.

use planner::Activity;
use planner::silence::{ADVICE, Silence};
use source_telematics::fit;

use super::facts::Looked;
use super::{Check, Finding};
use crate::containers::SetStatus;
use crate::streams::{StreamStatus, StreamedVehicle, learn};
use crate::table::{ago, called, capital, span};
use crate::{AccountStatus, Status};

/// Seconds without a sign of life after which a vehicle sleeps, and after which there may be more to it.
const ASLEEP: i64 = 24 * 3_600;
const DEEPLY: i64 = 7 * ASLEEP;

pub(super) fn findings(looked: &Looked, status: &Status) -> Vec<Finding> {
    let mut findings: Vec<_> = status
        .streams
        .iter()
        .flat_map(|stream| selection(stream, status))
        .collect();
    for account in &status.accounts {
        findings.extend(awake(account, status));
    }
    for set in &status.containers {
        let is_streamed = status.streams.iter().any(|stream| stream.account == set.account);
        let vehicles = set.silent.iter();
        findings
            .extend(vehicles.map(|(vehicle, silent)| descriptors(set, vehicle, silent, looked, is_streamed)));
    }
    findings
}

/// Whether what comes by the stream is what its owner selected in the portal.
fn selection(stream: &StreamStatus, status: &Status) -> Vec<Finding> {
    let (of, now) = (Some(stream.account.as_str()), status.now);
    let advice = format!("{}.", capital(ADVICE));
    let since = stream.record.as_ref().and_then(|record| record.connected_since);
    let Some(since) = since.filter(|_| status.running.is_some()) else {
        return vec![Finding::unknown(
            Check::Selection,
            of,
            "shows while the stream is connected",
        )];
    };
    let last = stream.last_message_at();
    let quiet = match last {
        Some(at) => format!("the last message came {}", ago(now, at)),
        None => format!("connected for {} and no message ever came", span(since, now)),
    };
    let whole = match stream.silence(now) {
        Silence::Contradicted { at } => {
            let said = format!(
                "{quiet}, though a poll brought what was measured {}",
                ago(now, at)
            );
            Finding::problem(Check::Selection, of, said, advice)
        }
        Silence::Long => Finding::unknown(
            Check::Selection,
            of,
            format!("{quiet}; a parked car sends nothing"),
        )
        .advising(format!("If it was driven or charged since, {ADVICE}.")),
        Silence::None | Silence::Parked if last.is_none() => Finding::unknown(Check::Selection, of, quiet)
            .advising(format!(
                "A parked car sends nothing. When it drives and still nothing comes, {ADVICE}."
            )),
        Silence::None | Silence::Parked => {
            let mute = stream
                .vehicles
                .iter()
                .filter_map(|vehicle| match stream.silence_of(vehicle, now) {
                    Silence::Contradicted { at } => Some(Finding::problem(
                        Check::Selection,
                        Some(&vehicle.name),
                        format!(
                            "nothing came of it, though a poll brought what was measured {}",
                            ago(now, at)
                        ),
                        &advice,
                    )),
                    _ => None,
                });
            let mute: Vec<_> = mute.collect();
            if !mute.is_empty() {
                return mute;
            }
            Finding::ok(Check::Selection, of, quiet)
        }
    };
    vec![whole]
}

/// Whether the vehicles of an account are awake.
fn awake(account: &AccountStatus, status: &Status) -> Vec<Finding> {
    let mut streams = status
        .streams
        .iter()
        .filter(|stream| stream.account == account.name);
    let vehicles = match streams.next() {
        Some(stream) => stream.vehicles.clone(),
        None => {
            let mut vehicles = Vec::new();
            for poll in status.polls.iter().filter(|poll| poll.account == account.name) {
                learn(&mut vehicles, poll, status.now);
            }
            vehicles
        }
    };
    if vehicles.is_empty() {
        let said = "no vehicle has said anything yet";
        return vec![Finding::unknown(Check::Vehicle, Some(&account.name), said)];
    }
    vehicles
        .iter()
        .map(|vehicle| sign_of_life(vehicle, status))
        .collect()
}

fn sign_of_life(vehicle: &StreamedVehicle, status: &Status) -> Finding {
    let (name, now) = (called(&status.names, &vehicle.vin), status.now);
    let of = Some(name.as_str());
    let Some(at) = vehicle.last_message_at.max(vehicle.measured_at) else {
        return Finding::unknown(Check::Vehicle, of, "no sign of life yet");
    };
    let doing = match vehicle.activity {
        Some(Activity::Driving) => "driving",
        Some(Activity::Charging) => "charging",
        Some(Activity::Parked | Activity::Ended) => "parked",
        None => "no poll tells what it does",
    };
    let last = format!("last sign of life {}", ago(now, at));
    match now.as_second() - at.as_second() {
        ..ASLEEP => Finding::ok(Check::Vehicle, of, format!("{doing}; {last}")),
        ASLEEP..DEEPLY => Finding::ok(Check::Vehicle, of, format!("asleep; {last}")).advising(
            "A car that sleeps sends nothing, and polls bring what was known before: it speaks when it is unlocked, driven or \
             charged.",
        ),
        _ => Finding::unknown(Check::Vehicle, of, format!("deep asleep or without a network; {last}")).advising(
            "If it was driven since, look in the My BMW app whether that has newer data: if not, the car's SIM, its \
             contract or its reception fails, or its screen waits for a consent to data privacy.",
        ),
    }
}

/// Which of the descriptors that were asked for a vehicle has.
fn descriptors(
    set: &SetStatus,
    vehicle: &str,
    silent: &[String],
    looked: &Looked,
    is_streamed: bool,
) -> Finding {
    let asked = set.state.search.accepted();
    let came: Vec<_> = asked
        .iter()
        .filter(|descriptor| !silent.contains(descriptor))
        .collect();
    let of_polls = came.iter().filter(|descriptor| {
        let entry = catalogue::find(descriptor);
        !entry.is_some_and(|entry| entry.streamable)
    });
    let mut said = format!("asked for {}, {} ever came", asked.len(), came.len());
    if is_streamed {
        said += &format!(", {} only by polls", of_polls.count());
    }
    let mut ended = looked.ended.iter().filter(|(name, _)| name == vehicle);
    if let Some((_, ended)) = ended.next().filter(|(_, ended)| *ended > 0) {
        said += &format!("; {ended} without a value now");
    }
    let of = Some(vehicle);
    let finding = if set.unfit.iter().any(|unfit| unfit == vehicle) {
        Finding::problem(Check::Descriptors, of, said, format!("{}.", capital(fit::ADVICE)))
    } else if came.is_empty() && !asked.is_empty() {
        Finding::problem(
            Check::Descriptors,
            of,
            said,
            "BMW knows nothing of this vehicle: look whether the My BMW app shows its data, and whether its screen waits for \
             a consent to data privacy.",
        )
    } else {
        Finding::ok(Check::Descriptors, of, said)
    };
    Finding {
        descriptors: silent.to_vec(),
        ..finding
    }
}

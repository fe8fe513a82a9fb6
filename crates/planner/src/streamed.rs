//! When a poll brings what the stream did not: after an event, in a long silence, and now and then. Pure.
//!
//! A stream that works makes regular polls nearly worthless, but nothing tells at once that it does not work, and some
//! descriptors never come by it. So a vehicle that speaks is still looked at a few times a day, and the calls that are
//! saved are there for the moments at which much changes.

use jiff::SignedDuration;

use super::activity::{Activity, Event};
use super::calendar::{HOUR, MINUTE, milliseconds};
use super::reason::Reason;
use super::situation::{Streamed, Target};

/// Where all of a set comes by the stream, polls bring only what got lost on the way.
pub(super) const WHOLE: i64 = 6 * HOUR;
/// What never comes by the stream changes seldom: locks, settings, service dates, health of the battery.
pub(super) const PARTIAL: i64 = 2 * HOUR;
/// Keys of one moment reach BMW within three minutes. What lasts no longer than this, such as a stop at a crossing, is
/// no event.
pub(super) const SETTLE: i64 = 5 * MINUTE;
/// A shorter gap of a stream costs a message or two at most: it is named, and no call is spent on it.
pub const GAP_WORTH_A_POLL: SignedDuration = SignedDuration::from_mins(1);
/// Events poll a vehicle no sooner than this after its last poll.
pub(super) const EVENTS_APART: i64 = 15 * MINUTE;
/// A vehicle in which something happens all the time gets its share of what can be spared within this time, so that
/// the fewer calls are left, the longer it waits.
pub(super) const EVENTS_SPREAD: i64 = 6 * HOUR;
/// Polls that events of one vehicle may want in a day, kept from parked vehicles without a stream.
pub(super) const EVENTS_KEPT: u32 = 4;

/// A vehicle that drives tells its position every few minutes.
const DRIVING_SILENT: i64 = 30 * MINUTE;
/// A vehicle that charges tells its state of charge at each per cent; the last ones of a large battery are slow.
const CHARGING_SILENT: i64 = 90 * MINUTE;
/// A parked vehicle that has not spoken for so long sleeps, or the stream is dead: a poll tells which.
const PARKED_SILENT: i64 = 4 * HOUR;

/// When a vehicle that speaks is polled next, after `last`. Everything is in milliseconds: `every` is its regular
/// interval, `apart` how long events wait after a poll.
pub(super) fn next(
    target: &Target,
    streamed: &Streamed,
    now: i64,
    last: i64,
    every: i64,
    apart: i64,
) -> (i64, Reason) {
    let regular = (last + every, Reason::Streamed(every));
    // During a breakdown an event does not make an answer likelier.
    if target.failures > 2 {
        return regular;
    }
    let sooner = [
        event(streamed, last, apart),
        silence(streamed, target.activity, now, last, apart),
    ];
    // What comes first is the reason, also where it is due together with the regular poll.
    let first = sooner.into_iter().flatten().min_by_key(|(at, _)| *at);
    first.filter(|(at, _)| *at <= regular.0).unwrap_or(regular)
}

/// One poll an event, made when the values have arrived.
fn event(streamed: &Streamed, last: i64, apart: i64) -> Option<(i64, Reason)> {
    let (at, what) = streamed.event?;
    let settled = milliseconds(at) + SETTLE;
    let looked = match what {
        // What was polled at its very end leaves a gap that is too short to be worth a call.
        Event::Reconnected => last >= milliseconds(at - GAP_WORTH_A_POLL),
        _ => last >= settled,
    };
    (!looked).then(|| (settled.max(last + apart), Reason::After(what)))
}

/// One poll a silence. It is not told before half of it has passed: a vehicle that speaks puts it off for ever.
fn silence(
    streamed: &Streamed,
    activity: Activity,
    now: i64,
    last: i64,
    apart: i64,
) -> Option<(i64, Reason)> {
    let limit = match activity {
        Activity::Driving => DRIVING_SILENT,
        Activity::Charging => CHARGING_SILENT,
        Activity::Parked | Activity::Ended => PARKED_SILENT,
    };
    let heard = milliseconds(streamed.heard);
    let due = heard + limit;
    (last < due && now >= heard + limit / 2).then(|| (due.max(last + apart), Reason::Silent(limit)))
}

impl std::fmt::Display for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TripEnded => "after a trip",
            Self::ChargeBegan => "charging began",
            Self::ChargeEnded => "charging ended",
            Self::Reconnected => "the stream was interrupted: what it may have missed",
        })
    }
}

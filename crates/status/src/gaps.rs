//! When nothing came of a vehicle, and why, by what is known of the ways on which it could.
//!
//! A silence is cut where what is known of the ways changes. Of several causes at one moment the first in the order of
//! [`Cause`] counts. A stream that is down and a program that does not run are gaps whatever else came: what was sent
//! meanwhile is gone. What keeps polls is one only where nothing came, and where no stream could have brought it. Where every
//! way was well the car stood, and where nothing is known of any it is not guessed.

use jiff::{SignedDuration, Timestamp};
use ledger::{Gap, GapCause};
use planner::silence::Silence;

use crate::Status;

/// A pause that is shorter than this belongs to every day, also of a car that is driven.
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// The same of a car that may only stand.
const REST: SignedDuration = SignedDuration::from_hours(6);

/// Why nothing came. The first of several counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// The program did not run.
    Stopped,
    /// The login had ended or was refused.
    Login,
    /// The calls of the day were used up.
    Quota,
    /// BMW refused the container, or what is asked for with it.
    Container,
    /// Another program had the account's one connection.
    OtherProgram,
    /// The stream was not connected.
    StreamDown,
    /// BMW or the network did not answer polls.
    PollsFailed,
    /// The stream is connected and brings nothing of the vehicle, though polls tell that it did something.
    NotSelected,
    /// It could have told, and did not: it stands, which is no fault.
    Asleep,
    /// How its ways fared is not known of that time.
    Unknown,
}

/// A time in which nothing came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    pub from: Timestamp,
    /// `None` while it lasts.
    pub to: Option<Timestamp>,
    pub cause: Cause,
}

type Span = (Timestamp, Timestamp);

/// The gaps of a vehicle within a span that ends now or earlier, the oldest first. `silences` are the spans in which nothing of it
/// was measured, in order. Before the journal began there are none: what BMW kept from then is old, and nobody listened.
pub fn of_vehicle(status: &Status, vin: &str, silences: &[Span], within: Span) -> Vec<Missing> {
    let ways = Ways::of(status, vin);
    // As exact as silences are, so that one that lasts ends with the span.
    let exact = |at: Timestamp| Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at);
    let began = status.began_at.map_or(within.0, |began| began.max(within.0));
    let within = (exact(began), exact(within.1));
    let mut edges: Vec<Timestamp> = silences.iter().flat_map(|&(from, to)| [from, to]).collect();
    edges.extend(ways.edges());
    edges.extend([within.0, within.1]);
    edges.retain(|edge| (within.0..=within.1).contains(edge));
    edges.sort_unstable();
    edges.dedup();
    let mut found: Vec<Missing> = Vec::new();
    for edge in edges.windows(2) {
        let (from, to) = (edge[0], edge[1]);
        let silence = silences
            .iter()
            .find(|silence| silence.0 <= from && from < silence.1);
        let length = silence.map(|silence| silence.1.duration_since(silence.0));
        let Some(cause) = ways.cause(from, length) else {
            continue;
        };
        match found.last_mut() {
            Some(last) if last.to == Some(from) && last.cause == cause => last.to = Some(to),
            _ => found.push(Missing {
                from,
                to: Some(to),
                cause,
            }),
        }
    }
    let last = found.last_mut().filter(|last| last.to == Some(within.1));
    if let Some(last) = last.filter(|last| ways.lasts(last.cause)) {
        last.to = None;
    }
    found
}

/// On which something of a vehicle can come, and how they fared.
struct Ways<'a> {
    streams: Vec<&'a Gap>,
    polls: Vec<&'a Gap>,
    /// Messages of it came.
    is_streamed: bool,
    /// Since when gaps of them are written down.
    known_since: Option<Timestamp>,
    /// So long nothing may come by polls.
    pause: SignedDuration,
    /// Since when messages of it are missing.
    not_selected: Option<Timestamp>,
}

impl<'a> Ways<'a> {
    fn of(status: &'a Status, vin: &str) -> Self {
        let is_alone = status.streams.len() == 1;
        let mut ways = Self {
            streams: Vec::new(),
            polls: Vec::new(),
            is_streamed: false,
            known_since: None,
            pause: PAUSE,
            not_selected: None,
        };
        let mut known = Vec::new();
        for stream in &status.streams {
            let vehicle = stream.vehicles.iter().find(|vehicle| vehicle.vin == vin);
            if vehicle.is_none() && !is_alone {
                continue;
            }
            ways.streams.extend(&stream.gaps);
            let connected = stream.record.as_ref().and_then(|record| record.connected_since);
            known.extend(
                connected
                    .into_iter()
                    .chain(stream.gaps.first().map(|gap| gap.from)),
            );
            ways.is_streamed |= vehicle.is_some_and(|vehicle| vehicle.messages > 0);
            if let Some(vehicle) = vehicle
                && let Silence::Contradicted { .. } = stream.silence_of(vehicle, status.now)
            {
                ways.not_selected = vehicle.last_message_at.max(connected);
            }
        }
        let polls: Vec<_> = status.polls.iter().filter(|poll| poll.vin == vin).collect();
        for gaps in &status.poll_gaps {
            if polls.iter().any(|poll| poll.account == gaps.account) {
                ways.polls.push(&gaps.gap);
                known.push(gaps.gap.from);
            }
        }
        let every = polls.iter().filter_map(|poll| poll.every).min();
        if let Some(every) = every.filter(|_| !ways.is_streamed) {
            ways.pause = PAUSE.max(every.saturating_mul(2));
        }
        ways.known_since = known.into_iter().min();
        ways
    }

    fn edges(&self) -> impl Iterator<Item = Timestamp> {
        let gaps = self.streams.iter().chain(&self.polls);
        let edges = gaps.flat_map(|gap| [Some(gap.from), gap.to]).flatten();
        edges.chain(self.known_since).chain(self.not_selected)
    }

    /// Why nothing came from a moment on, up to the next of the edges. `silence` is how long the silence lasts in which it lies.
    fn cause(&self, at: Timestamp, silence: Option<SignedDuration>) -> Option<Cause> {
        let stream = strongest(&self.streams, at);
        let is_silent = silence.is_some_and(|silence| silence >= self.pause);
        let polls = strongest(&self.polls, at)
            .filter(|cause| *cause == Cause::Stopped || stream.is_some() || is_silent && !self.is_streamed);
        let rest = || {
            let is_long = silence.is_some_and(|silence| silence >= REST.max(self.pause));
            is_long.then(|| match self.known_since.is_some_and(|since| since <= at) {
                true => Cause::Asleep,
                false => Cause::Unknown,
            })
        };
        let selected = || {
            self.not_selected
                .filter(|since| *since <= at)
                .map(|_| Cause::NotSelected)
        };
        stream
            .into_iter()
            .chain(polls)
            .min()
            .or_else(selected)
            .or_else(rest)
    }

    /// Whether what reaches up to now goes on.
    fn lasts(&self, cause: Cause) -> bool {
        let mut gaps = self.streams.iter().chain(&self.polls);
        let goes_on = |gap: &&&Gap| gap.to.is_none() && word(gap.cause) == cause;
        match cause {
            Cause::NotSelected | Cause::Asleep | Cause::Unknown => true,
            _ => gaps.any(|gap| goes_on(&gap)),
        }
    }
}

fn strongest(gaps: &[&Gap], at: Timestamp) -> Option<Cause> {
    let open = gaps
        .iter()
        .filter(|gap| gap.from <= at && gap.to.is_none_or(|to| at < to));
    open.map(|gap| word(gap.cause)).min()
}

fn word(cause: GapCause) -> Cause {
    match cause {
        GapCause::Restart => Cause::Stopped,
        GapCause::Login => Cause::Login,
        GapCause::Quota => Cause::Quota,
        GapCause::Container => Cause::Container,
        GapCause::OtherProgram => Cause::OtherProgram,
        GapCause::ConnectionLost => Cause::StreamDown,
        GapCause::PollsFailed => Cause::PollsFailed,
    }
}

#[cfg(test)]
mod tests;

//! How each key of a vehicle fares. Only what is known of it is said: where nobody can tell, it has no state.

use std::collections::HashSet;

use catalogue::{CATALOGUE, CatalogueEntry};
use collector_core::Stamp;
use history::read::{KeyRow, Latest, VehicleRow};
use jiff::{SignedDuration, Timestamp};
use status::Status;
use status::table::called;

use crate::view::parts::{Cell, Level};
use crate::view::texts;

/// So many times as long as usual, and an hour, is too long.
const BEYOND: i32 = 3;
const LEAST: SignedDuration = SignedDuration::from_hours(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Told not much longer before the newest value of the vehicle than it is told usually.
    OnTime,
    /// The vehicle went on telling, and this key did not, for longer than usual.
    Silent,
    /// It has no value any more.
    Ended,
    /// Polls ask for it, and it never had a value.
    NeverTold,
    /// BMW takes it into no container.
    Refused,
    /// In no container, and no stream brings it.
    NotSelected,
}

/// A key that came.
#[derive(Debug, Clone, Copy)]
pub struct Came {
    pub last: Timestamp,
    /// The usual time between two values; `None` where it came too seldom to tell.
    pub every: Option<SignedDuration>,
    pub is_ended: bool,
    /// When the vehicle measured something for the last time, by whichever key: one that sleeps is late with nothing.
    pub heard: Timestamp,
}

/// Of a key that came.
pub fn of_told(came: Came) -> Option<State> {
    if came.is_ended {
        return Some(State::Ended);
    }
    let late = came.every?.checked_mul(BEYOND).unwrap_or(SignedDuration::MAX);
    let is_late = came.heard.duration_since(came.last) > late.max(LEAST);
    Some(if is_late { State::Silent } else { State::OnTime })
}

/// What is asked for of a vehicle.
#[derive(Debug, Default)]
pub struct Asked<'a> {
    /// By polls, without a value so far.
    pub never_told: HashSet<&'a str>,
    pub refused: HashSet<&'a str>,
    /// In a container, or waiting for a place in one.
    pub wanted: HashSet<&'a str>,
    /// Whether these are all containers that are polled.
    pub knows_all: bool,
    /// Whether a stream may bring what can be streamed; what is selected in BMW's portal is not known.
    pub may_stream: bool,
}

/// Of a key that never came. `known` is what the catalogue says of it.
pub fn of_untold(descriptor: &str, known: Option<&CatalogueEntry>, asked: &Asked<'_>) -> Option<State> {
    if asked.refused.contains(descriptor) {
        return Some(State::Refused);
    }
    if asked.never_told.contains(descriptor) {
        return Some(State::NeverTold);
    }
    let known = known?;
    let may_come = known.streamable && asked.may_stream;
    // What has a call of its own is asked for by another source.
    let is_open = asked.wanted.contains(descriptor) || may_come || known.endpoint_bound;
    (asked.knows_all && !is_open).then_some(State::NotSelected)
}

impl<'a> Asked<'a> {
    /// By every account that brought something of the vehicle.
    pub fn of(status: &'a Status, vehicle: &VehicleRow) -> Self {
        let vin = vehicle.vin.as_str();
        let came = status.arrivals.iter().filter(|came| came.vin == vin);
        let polled = status.polls.iter().filter(|poll| poll.vin == vin);
        let accounts: HashSet<&str> = came
            .map(|came| &*came.account)
            .chain(polled.map(|poll| &*poll.account))
            .collect();
        let is_its = |account: &str| accounts.contains(account);
        let sets: Vec<_> = status
            .containers
            .iter()
            .filter(|set| is_its(set.account()))
            .collect();
        let called = called(&status.names, vin);
        let is_polled = |account: &&str| {
            let mut known = status.accounts.iter();
            known.any(|known| known.name == **account && known.is_polled)
        };
        let has_container = |account: &&str| sets.iter().any(|set| set.is_of(account));
        let streams = status.streams.iter().filter(|stream| is_its(&stream.account));
        Self {
            never_told: sets.iter().flat_map(|set| set.never_told(&called)).collect(),
            refused: sets.iter().flat_map(|set| set.refused()).collect(),
            wanted: sets.iter().flat_map(|set| set.wanted()).collect(),
            knows_all: !accounts.is_empty()
                && sets.iter().all(|set| set.is_of(set.account()))
                && accounts.iter().filter(|one| is_polled(one)).all(has_container),
            may_stream: streams
                .into_iter()
                .any(|stream| !stream.is_mute_of(vin, status.now)),
        }
    }
}

/// When a vehicle measured something for the last time. What BMW stamps with the time of a call says nothing of it.
pub fn heard(latest: &[Latest]) -> Option<Timestamp> {
    let measured = latest.iter().filter(|one| one.reading.stamp == Stamp::Measured);
    measured.map(|one| one.reading.measured_at).max()
}

/// Of a key that a vehicle told, as often as `row` says.
pub fn of_latest(one: &Latest, row: Option<&KeyRow>, heard: Option<Timestamp>) -> Option<State> {
    let gap = row.and_then(|row| row.gap_ms);
    of_told(Came {
        last: one.reading.measured_at,
        every: gap.map(SignedDuration::from_millis),
        is_ended: one.ended_at.is_some(),
        heard: heard?,
    })
}

/// Every key that never came and of which it is known why, by state.
pub fn untold<'a>(latest: &[Latest], asked: &Asked<'a>) -> Vec<(&'a str, State)> {
    let told: HashSet<&str> = latest.iter().map(|one| one.descriptor.as_str()).collect();
    let named = asked.never_told.iter().chain(&asked.refused).copied();
    let all: HashSet<&str> = CATALOGUE
        .iter()
        .map(|known| known.descriptor)
        .chain(named)
        .collect();
    let mut untold: Vec<_> = all
        .into_iter()
        .filter(|descriptor| !told.contains(descriptor))
        .filter_map(|descriptor| {
            let state = of_untold(descriptor, catalogue::find(descriptor), asked)?;
            Some((descriptor, state))
        })
        .collect();
    untold.sort_unstable_by_key(|(descriptor, state)| (*state, *descriptor));
    untold
}

/// In a table.
pub fn cell(state: State) -> Cell {
    let (text, level) = match state {
        State::OnTime => ("state.on_time", Level::Good),
        State::Silent => ("state.silent", Level::Info),
        State::Ended => ("state.ended", Level::Info),
        State::NeverTold => ("state.never_told", Level::Info),
        State::Refused => ("state.refused", Level::Warn),
        State::NotSelected => ("state.not_selected", Level::Info),
    };
    Cell {
        level: Some(level),
        ..Cell::text(texts::t(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    /// Told at minute 0, usually every so many minutes, of a vehicle that was heard so many later.
    fn told(every: Option<i64>, heard: i64) -> Option<State> {
        of_told(Came {
            last: at(0),
            every: every.map(SignedDuration::from_mins),
            is_ended: false,
            heard: at(heard),
        })
    }

    fn untold(descriptor: &str, change: impl FnOnce(&mut Asked<'static>)) -> Option<State> {
        let mut asked = Asked {
            knows_all: true,
            ..Asked::default()
        };
        change(&mut asked);
        of_untold(descriptor, catalogue::find(descriptor), &asked)
    }

    fn known(is_it: impl Fn(&CatalogueEntry) -> bool) -> &'static str {
        CATALOGUE.iter().find(|known| is_it(known)).unwrap().descriptor
    }

    fn streamed() -> &'static str {
        known(|known| known.streamable && !known.endpoint_bound)
    }

    fn polled() -> &'static str {
        known(|known| !known.streamable && !known.endpoint_bound)
    }

    #[test]
    fn a_key_is_on_time_while_the_vehicle_told_nothing_much_later() {
        assert_eq!(told(Some(30), 90), Some(State::OnTime));
        assert_eq!(told(Some(1), 60), Some(State::OnTime), "within an hour");
        assert_eq!(told(Some(30), -600), Some(State::OnTime), "it is the newest");
    }

    #[test]
    fn a_key_is_silent_when_the_vehicle_told_others_for_longer_than_usual() {
        assert_eq!(told(Some(30), 91), Some(State::Silent));
        assert_eq!(told(Some(1), 61), Some(State::Silent));
    }

    #[test]
    fn a_key_without_a_cadence_has_no_state() {
        assert_eq!(told(None, 100_000), None);
    }

    #[test]
    fn a_key_has_ended_whatever_its_cadence() {
        for every in [None, Some(SignedDuration::from_mins(1))] {
            let came = Came {
                last: at(0),
                every,
                is_ended: true,
                heard: at(0),
            };
            assert_eq!(of_told(came), Some(State::Ended));
        }
    }

    #[test]
    fn a_key_that_is_asked_for_and_never_came_was_never_told() {
        for key in [polled(), streamed(), "vehicle.of.no.catalogue"] {
            let asks = |asked: &mut Asked<'static>| {
                asked.never_told.insert(key);
                asked.wanted.insert(key);
                asked.knows_all = false;
            };
            assert_eq!(untold(key, asks), Some(State::NeverTold), "{key}");
        }
    }

    #[test]
    fn a_key_that_is_asked_for_but_was_not_polled_yet_has_no_state() {
        let asks = |asked: &mut Asked<'static>| {
            asked.wanted.insert(polled());
        };
        assert_eq!(untold(polled(), asks), None);
    }

    #[test]
    fn a_key_that_bmw_refuses_is_refused_before_all() {
        let refuses = |asked: &mut Asked<'static>| {
            asked.refused.insert(streamed());
            asked.may_stream = true;
        };
        assert_eq!(untold(streamed(), refuses), Some(State::Refused));
    }

    #[test]
    fn a_key_in_no_container_that_no_stream_can_bring_is_not_selected() {
        let streams = |asked: &mut Asked<'static>| asked.may_stream = true;
        assert_eq!(untold(polled(), streams), Some(State::NotSelected));
        assert_eq!(untold(streamed(), |_| ()), Some(State::NotSelected));
    }

    #[test]
    fn what_may_come_by_a_stream_or_a_call_of_its_own_or_is_not_known_has_no_state() {
        assert_eq!(untold(streamed(), |asked| asked.may_stream = true), None);
        assert_eq!(untold(polled(), |asked| asked.knows_all = false), None);
        assert_eq!(untold(known(|known| known.endpoint_bound), |_| ()), None);
        assert_eq!(untold("vehicle.of.no.catalogue", |_| ()), None);
    }
}

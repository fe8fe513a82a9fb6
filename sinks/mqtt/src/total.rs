//! How much energy the charging sessions of a vehicle have brought: a meter, as Home Assistant's energy dashboard wants one.
//!
//! It is the sum over sessions, each in its newest telling, so that neither a revision nor a session that BMW's record
//! supersedes counts twice. A meter never runs backwards: where the sum falls, the meter waits for it. All of it stands
//! in one retained message, sessions of the last days included: a restart goes on from there, and what is told again
//! changes nothing.

use collector_core::{Record, RecordState, Value, Vin};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::records::key;

/// What is told of a session that is over for longer changes nothing: somebody who looks at the energy of a day must not
/// find that of last month in it, when a history is read for the first time or BMW lists what the program has missed.
const STILL_COUNTED: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long sessions are remembered: beyond the time in which their tellings count.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(14 * 24);
const KIND: &str = "charging_session";
const ENERGY: &str = "energy_kwh";

/// The payload, and all that is to be known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// In kWh; never falls.
    value: f64,
    unit: String,
    vin: Vin,
    /// It began then: energy of before is in the meter that stood here until then.
    #[serde(default)]
    since: Timestamp,
    /// When the newest of the sessions was told of, by its own times.
    timestamp: Timestamp,
    /// The kWh of sessions that are remembered no more.
    settled: f64,
    sessions: Vec<Counted>,
}

/// A session as it counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counted {
    at: Timestamp,
    key: Map<String, Json>,
    revision: u32,
    /// The last time of its newest telling.
    until: Timestamp,
    kwh: f64,
}

impl Total {
    pub fn of(vin: Vin, since: Timestamp) -> Self {
        Self {
            value: 0.0,
            unit: "kWh".to_owned(),
            vin,
            since,
            timestamp: Timestamp::UNIX_EPOCH,
            settled: 0.0,
            sessions: Vec::new(),
        }
    }

    /// Whether a record is one of those that are counted.
    pub fn counts(record: &Record) -> bool {
        record.kind.name == KIND
    }

    /// What the broker kept, and whose it is.
    pub fn read(payload: &[u8]) -> Option<(Vin, Self)> {
        let total: Self = serde_json::from_slice(payload).ok()?;
        Some((total.vin.clone(), total))
    }

    /// Takes in what a session tells at a time. Whether it may change the meter: it is no lower revision, not of before the
    /// meter, and not of long ago.
    pub fn tell(&mut self, record: &Record, now: Timestamp) -> bool {
        let told = Counted {
            at: record.at,
            key: key(record),
            revision: record.revision,
            until: until(record),
            kwh: energy(record),
        };
        let now = now.max(self.timestamp).max(told.until);
        if told.until < self.since || now.duration_since(told.until) > STILL_COUNTED {
            return false;
        }
        let known = self
            .sessions
            .iter_mut()
            .find(|known| known.at == told.at && known.key == told.key);
        match known {
            Some(known) if known.revision > told.revision => return false,
            Some(known) => *known = told,
            None => self.sessions.push(told),
        }
        self.settle();
        true
    }

    fn settle(&mut self) {
        let newest = self.sessions.iter().map(|session| session.until).max();
        self.timestamp = newest.unwrap_or(self.timestamp);
        let is_old = |session: &Counted| self.timestamp.duration_since(session.until) > REMEMBERED;
        let (old, kept): (Vec<_>, Vec<_>) = self.sessions.drain(..).partition(is_old);
        self.sessions = kept;
        self.settled += old.iter().map(|session| session.kwh).sum::<f64>();
        let sum = self.settled + self.sessions.iter().map(|session| session.kwh).sum::<f64>();
        // To the Wh, below which sums of binary fractions are noise.
        self.value = self.value.max((sum * 1_000.0).round() / 1_000.0);
    }
}

/// The last of all times that a record tells.
fn until(record: &Record) -> Timestamp {
    let values = record.values.iter().flatten().chain(&record.key);
    let times = values.filter_map(|value| match value {
        Value::Timestamp(time) => Some(*time),
        _ => None,
    });
    times.fold(record.at, Timestamp::max)
}

/// In kWh; none of a session that is withdrawn, or of which it is unknown.
fn energy(record: &Record) -> f64 {
    let mut columns = record.value_columns();
    let energy = columns.find(|(column, _)| column.name == ENERGY);
    match energy {
        Some((_, Some(Value::Number(kwh)))) if record.state != RecordState::Withdrawn => kwh.max(0.0),
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use RecordState::{Final, Live, Withdrawn};
    use collector_core::testkit::{trip, vehicle};
    use collector_core::{Column, RecordKind, ValueType};

    use super::*;

    static SESSION: RecordKind = RecordKind {
        name: KIND,
        plural: "charging_sessions",
        short: "session",
        version: 1,
        title: "Charging session",
        key: &[Column::new("start_at", ValueType::Timestamp, None)],
        columns: &[
            Column::new("end_at", ValueType::Timestamp, None),
            Column::new(ENERGY, ValueType::Number, None),
        ],
        children: &[],
    };

    fn hour(hours: i64) -> Timestamp {
        trip(0, 1, Live, 0).at + SignedDuration::from_hours(hours)
    }

    /// A session that began at an hour and lasted for two.
    fn session(hours: i64, revision: u32, state: RecordState, kwh: f64) -> Record {
        let values = [Some(Value::Timestamp(hour(hours + 2))), Some(Value::Number(kwh))];
        let at = hour(hours);
        let mut session = Record::new(&SESSION, vehicle(false), at, [Value::Timestamp(at)], values);
        (session.revision, session.state) = (revision, state);
        session
    }

    /// The meter after each telling, at the time that it speaks of.
    fn meter(total: &mut Total, told: &[Record]) -> Vec<f64> {
        let tell = |record: &Record| {
            total.tell(record, until(record));
            total.value
        };
        told.iter().map(tell).collect()
    }

    fn begun() -> Total {
        Total::of(vehicle(false).vin, Timestamp::MIN)
    }

    #[test]
    fn a_session_counts_while_it_runs_and_once() {
        let told = [
            session(0, 1, Live, 2.0),
            session(0, 2, Live, 5.1),
            session(0, 2, Live, 5.1),
            session(0, 1, Live, 2.0),
            session(0, 3, Final, 7.3),
            session(9, 1, Live, 0.1),
        ];
        assert_eq!(meter(&mut begun(), &told), [2.0, 5.1, 5.1, 5.1, 7.3, 7.4]);
    }

    #[test]
    fn what_bmws_record_supersedes_counts_no_more_and_the_meter_never_falls() {
        let told = [
            session(1, 1, Final, 10.0),
            session(1, 2, Withdrawn, 10.0),
            session(0, 1, Final, 9.5),
            session(5, 1, Live, 0.4),
            session(5, 2, Live, 2.5),
            // Told again before it was withdrawn.
            session(1, 1, Final, 10.0),
        ];
        assert_eq!(meter(&mut begun(), &told), [10.0, 10.0, 10.0, 10.0, 12.0, 12.0]);
    }

    #[test]
    fn a_restart_and_a_replay_change_nothing() {
        let told: Vec<_> = (0..40)
            .map(|number| session(number * 20, 1, Final, 1.5))
            .collect();
        let mut total = begun();
        meter(&mut total, &told);
        assert_eq!(total.value, 60.0);
        assert!(total.sessions.len() < 20 && total.settled > 30.0, "{total:?}");
        let kept = serde_json::to_vec(&total).unwrap();
        let (vin, mut after) = Total::read(&kept).unwrap();
        assert_eq!((&vin, &after), (&vehicle(false).vin, &total));
        for record in &told {
            after.tell(record, hour(40 * 20));
        }
        assert_eq!(after, total);
    }

    #[test]
    fn a_history_that_is_read_for_the_first_time_is_no_energy_of_today() {
        let mut total = begun();
        assert!(!total.tell(&session(0, 1, Final, 50.0), hour(400)));
        assert!(total.tell(&session(395, 1, Final, 8.0), hour(400)));
        assert_eq!(total.value, 8.0);
        // Without an engine nobody knows what time it is.
        assert!(!total.tell(&session(1, 1, Final, 50.0), Timestamp::MIN));
        assert!(!Total::counts(&trip(0, 1, Final, 0)));
    }

    /// A broker that lost the meter gets a new one, and Home Assistant adds what it shows to what the old one showed.
    #[test]
    fn what_was_over_before_the_meter_began_is_told_again_for_nothing() {
        let mut total = Total::of(vehicle(false).vin, hour(100));
        let told = [
            session(90, 1, Final, 40.0),
            session(99, 1, Live, 0.5),
            session(99, 2, Final, 7.0),
            session(110, 1, Final, 2.0),
        ];
        assert_eq!(meter(&mut total, &told), [0.0, 0.5, 7.0, 9.0]);
    }
}

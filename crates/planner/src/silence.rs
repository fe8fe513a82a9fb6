//! A quiet car and a dead stream look alike: what silence means. Pure.
//!
//! A stream that is connected and says nothing is well as long as its cars are parked: they send nothing then. It is
//! not where a car is known to have done something meanwhile, or has been still for longer than cars stand. Nearly
//! always the selection of data in BMW's portal is the cause, which is empty at first and can reset itself.

use jiff::{SignedDuration, Timestamp};

/// What its owner can do about a stream without messages.
pub const ADVICE: &str = "look in the CarData section of BMW's portal whether data is still selected for the stream: \
                          the selection is empty at first, and can reset itself";

/// How long a connection has to stand before its silence means something.
const SETTLING: SignedDuration = SignedDuration::from_hours(1);
/// What a car measures comes on the stream within seconds; polls may be told a little more.
const BEHIND: SignedDuration = SignedDuration::from_hours(1);
/// Many cars do not stand still for longer.
const LONG: SignedDuration = SignedDuration::from_hours(24);

/// What there is to say about the silence of a stream that is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It speaks, or has been connected for too short a time to tell.
    None,
    /// Nothing came, which is what a parked car sends.
    Parked,
    /// Nothing came for a day or more.
    Long,
    /// Nothing came, though a car is known to have measured something at this time.
    Contradicted { at: Timestamp },
}

/// Judges a stream that is connected since `since`. `measured_at` is the newest time of a measurement that is known
/// otherwise, from polls.
pub fn silence(
    since: Timestamp,
    last_message_at: Option<Timestamp>,
    measured_at: Option<Timestamp>,
    now: Timestamp,
) -> Silence {
    let last = last_message_at.unwrap_or(since);
    let quiet = now.duration_since(last);
    if now.duration_since(since) < SETTLING || quiet < SETTLING {
        return Silence::None;
    }
    // What was measured before it was connected could not come.
    let missed =
        measured_at.filter(|at| at.duration_since(since) >= BEHIND && at.duration_since(last) >= BEHIND);
    match missed {
        Some(at) => Silence::Contradicted { at },
        None if quiet >= LONG => Silence::Long,
        None => Silence::Parked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes)
    }

    #[test]
    fn silence_is_judged_by_what_else_is_known() {
        let judge = |since, last: Option<i64>, measured: Option<i64>, now| {
            silence(at(since), last.map(at), measured.map(at), at(now))
        };
        assert_eq!(judge(0, Some(300), None, 302), Silence::None);
        assert_eq!(judge(0, None, None, 59), Silence::None, "just connected");
        assert_eq!(
            judge(5_000, Some(100), None, 5_010),
            Silence::None,
            "connected again a moment ago"
        );
        assert_eq!(judge(0, Some(300), None, 360), Silence::Parked);
        assert_eq!(judge(0, None, None, 1_439), Silence::Parked);
        assert_eq!(judge(0, None, None, 1_440), Silence::Long);
        assert_eq!(judge(0, Some(300), None, 300 + 1_440), Silence::Long);
        let measured = Silence::Contradicted { at: at(400) };
        assert_eq!(judge(0, Some(300), Some(400), 500), measured);
        assert_eq!(
            judge(0, Some(300), Some(359), 500),
            Silence::Parked,
            "told by both at nearly the same time"
        );
        assert_eq!(
            judge(390, Some(300), Some(400), 500),
            Silence::Parked,
            "measured about when it was connected"
        );
    }
}

//! What is told of streams.

use collector_core::state::StreamState::{self, *};
use ledger::StreamRecord;

use super::*;

const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

fn record(account: &str, connected: Option<i64>, heard: Option<i64>) -> StreamRecord {
    StreamRecord {
        account: account.to_owned(),
        source: "stream".to_owned(),
        connected_since: connected.map(at),
        last_message_at: heard.map(at),
        logins: 1,
        evictions: 0,
    }
}

fn state(minute: i64, state: StreamState, message: Option<&str>, since: i64) -> (i64, Condition) {
    let condition = components(vec![said("home", State::Stream(state), message, since)]);
    (minute, condition)
}

#[test]
fn an_eviction_is_told_at_once_and_its_end_when_nobody_takes_it_any_more() {
    let why = Some("another program uses the stream");
    let story = [
        state(0, Streaming, None, 0),
        state(1, Evicted, why, 1),
        state(2, Streaming, Some("taken again and again"), 2),
        state(3, Evicted, why, 3),
        state(20, Streaming, None, 20),
    ];
    let evicted = some(Level::Error, "evicted");
    let expected = [
        some(Level::Info, ""),
        evicted.clone(),
        None,
        evicted,
        some(Level::Info, ""),
    ];
    assert_eq!(about("stream:home", &story), expected);
    let other = vec![said("other", State::Stream(Evicted), why, 0)];
    assert_eq!(about("stream:other", &[(1, components(other))]), [None]);
}

#[test]
fn a_refusal_is_told_when_it_stays_and_a_missing_subscription_at_once() {
    let story = [
        state(0, Refused, None, 0),
        state(9, Refused, None, 0),
        state(10, Refused, None, 0),
        state(11, NotSubscribed, None, 11),
        state(12, LoginNeeded, None, 12),
        state(13, Streaming, None, 13),
    ];
    let expected = [
        None,
        None,
        some(Level::Error, "refused"),
        some(Level::Error, "not subscribed"),
        None,
        some(Level::Info, ""),
    ];
    assert_eq!(about("stream:home", &story), expected);
}

#[test]
fn an_interruption_is_told_after_six_hours_whatever_its_reasons() {
    let away = |minute, since| state(minute, Waiting, Some("cannot reach the broker"), since);
    let story = [
        away(0, 0),
        state(60, Connecting, None, 60),
        away(6 * HOUR - 1, 90),
        away(6 * HOUR, 90),
        state(6 * HOUR + 1, Stopped, None, 6 * HOUR + 1),
        state(7 * HOUR, Streaming, None, 7 * HOUR),
        away(7 * HOUR + 1, 7 * HOUR + 1),
        away(12 * HOUR, 7 * HOUR + 1),
    ];
    let mut expected = vec![None; 8];
    expected[3] = some(Level::Warning, "interrupted");
    expected[5] = some(Level::Info, "");
    assert_eq!(about("stream:home", &story), expected);
}

#[test]
fn silence_is_told_after_a_week_with_what_to_do_and_ends_with_a_message() {
    let look = |minute, now: StreamState, heard| {
        let (minute, mut condition) = state(minute, now, None, 0);
        condition.streams = vec![
            record("other", Some(0), Some(minute)),
            record("home", Some(0), heard),
        ];
        (minute, condition)
    };
    let story = [
        look(DAY, Streaming, Some(DAY)),
        look(8 * DAY - 1, Streaming, Some(DAY)),
        look(8 * DAY, Streaming, Some(DAY)),
        look(9 * DAY, Waiting, Some(DAY)),
        look(9 * DAY, Streaming, Some(9 * DAY)),
    ];
    let well = some(Level::Info, "");
    let silent = some(Level::Warning, "silent");
    assert_eq!(
        about("silence:home", &story),
        [well.clone(), well.clone(), silent.clone(), None, well]
    );
    // Nothing ever came, and it was connected anew meanwhile.
    let (_, mut anew) = look(7 * DAY, Streaming, None);
    anew.streams[1].connected_since = Some(at(6 * DAY));
    let story = [
        look(0, Streaming, None),
        (7 * DAY - 1, anew.clone()),
        (7 * DAY, anew),
    ];
    assert_eq!(about("silence:home", &story), [None, None, silent]);
}

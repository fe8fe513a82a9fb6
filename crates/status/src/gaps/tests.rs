//! Each cause, by what is known of the ways.

use std::time::Duration;

use ledger::overview::LastPoll;
use ledger::{POLLS, StreamGap, StreamRecord};

use super::*;
use crate::{StreamStatus, StreamedVehicle};

const VIN: &str = "WBY8P210X07A12345";

/// Hours around noon.
fn at(hour: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

fn gap(from: i64, to: Option<i64>, cause: GapCause) -> Gap {
    Gap {
        from: at(from),
        to: to.map(at),
        cause,
    }
}

fn polled(gaps: &[Gap]) -> Status {
    let poll = LastPoll {
        account: "home".to_owned(),
        source: "telematics".to_owned(),
        vin: VIN.to_owned(),
        last_at: at(0),
        last_success_at: None,
        failures: 0,
        problem: None,
        next_at: None,
        every: Some(SignedDuration::from_mins(30)),
        reason: None,
        activity: None,
    };
    let of = |gap: &Gap| StreamGap {
        account: "home".to_owned(),
        source: POLLS.to_owned(),
        gap: *gap,
    };
    Status {
        now: at(0),
        polls: vec![poll],
        poll_gaps: gaps.iter().map(of).collect(),
        ..Status::default()
    }
}

fn streamed(status: Status, gaps: Vec<Gap>) -> Status {
    let stream = StreamStatus {
        account: "home".to_owned(),
        source: "live".to_owned(),
        record: Some(StreamRecord {
            account: "home".to_owned(),
            source: "live".to_owned(),
            connected_since: Some(at(-200)),
            last_message_at: Some(at(-100)),
            logins: 1,
            evictions: 0,
        }),
        said: None,
        token_until: None,
        vehicles: vec![StreamedVehicle {
            vin: VIN.to_owned(),
            messages: 7,
            last_message_at: Some(at(-100)),
            ..StreamedVehicle::default()
        }],
        strays: Vec::new(),
        unlisted: Vec::new(),
        gaps,
        window: Duration::ZERO,
    };
    Status {
        streams: vec![stream],
        ..status
    }
}

/// In hours; a gap that lasts has no end.
fn told(status: &Status, silences: &[(i64, i64)]) -> Vec<(i64, Option<i64>, Cause)> {
    let silences: Vec<_> = silences.iter().map(|&(from, to)| (at(from), at(to))).collect();
    let hour = |moment: Timestamp| moment.duration_since(at(0)).as_hours();
    let found = of_vehicle(status, VIN, &silences, (at(-240), at(0)));
    found
        .into_iter()
        .map(|one| (hour(one.from), one.to.map(hour), one.cause))
        .collect()
}

/// What marks since when gaps are known.
fn known() -> Gap {
    gap(-240, Some(-240), GapCause::Restart)
}

#[test]
fn what_keeps_the_polls_of_a_car_without_a_stream_is_the_cause_where_nothing_came() {
    for (kept_by, cause) in [
        (GapCause::Login, Cause::Login),
        (GapCause::Quota, Cause::Quota),
        (GapCause::Container, Cause::Container),
        (GapCause::PollsFailed, Cause::PollsFailed),
        (GapCause::Restart, Cause::Stopped),
    ] {
        let status = polled(&[known(), gap(-30, Some(-20), kept_by)]);
        assert_eq!(told(&status, &[(-31, -20)])[1..], [(-30, Some(-20), cause)]);
        // Where something came all the same, only a program that does not run is a gap.
        let is_stop = cause == Cause::Stopped;
        assert_eq!(told(&status, &[]).len(), usize::from(is_stop), "{cause:?}");
    }
}

#[test]
fn what_a_stream_could_not_bring_is_gone_whatever_came_otherwise() {
    for (down, cause) in [
        (GapCause::ConnectionLost, Cause::StreamDown),
        (GapCause::OtherProgram, Cause::OtherProgram),
        (GapCause::Login, Cause::Login),
        (GapCause::Restart, Cause::Stopped),
    ] {
        let status = streamed(polled(&[known()]), vec![gap(-30, Some(-29), down)]);
        assert_eq!(told(&status, &[]), [(-30, Some(-29), cause)]);
    }
}

#[test]
fn a_car_that_could_tell_and_does_not_is_asleep_whatever_keeps_its_polls() {
    let status = streamed(
        polled(&[known(), gap(-30, Some(-20), GapCause::Quota)]),
        Vec::new(),
    );
    assert_eq!(told(&status, &[(-40, -10)]), [(-40, Some(-10), Cause::Asleep)]);
    assert_eq!(
        told(&polled(&[known()]), &[(-40, 0)]),
        [(-40, None, Cause::Asleep)]
    );
    assert_eq!(told(&status, &[(-12, -8)]), [], "a pause of every day");
}

#[test]
fn nothing_is_guessed_of_a_time_of_which_nothing_is_known() {
    let silence = [(-40, -10)];
    let since = polled(&[gap(-20, Some(-20), GapCause::Restart)]);
    let wanted = [(-40, Some(-20), Cause::Unknown), (-20, Some(-10), Cause::Asleep)];
    assert_eq!(told(&since, &silence), wanted);
    assert_eq!(
        told(&Status::default(), &silence),
        [(-40, Some(-10), Cause::Unknown)]
    );
}

#[test]
fn a_silence_is_cut_where_its_cause_changes_and_the_first_of_several_counts() {
    let polls = [
        known(),
        gap(-40, Some(-30), GapCause::Quota),
        gap(-30, Some(-25), GapCause::Restart),
        gap(-5, None, GapCause::PollsFailed),
    ];
    let down = gap(-35, Some(-25), GapCause::ConnectionLost);
    let status = streamed(polled(&polls), vec![down]);
    let wanted = [
        (-40, Some(-35), Cause::Asleep),
        (-35, Some(-30), Cause::Quota),
        (-30, Some(-25), Cause::Stopped),
        (-25, Some(-10), Cause::Asleep),
    ];
    assert_eq!(told(&status, &[(-40, -10), (-4, 0)]), wanted);
    let alone = polled(&polls);
    assert_eq!(
        told(&alone, &[(-4, 0)]),
        [(-30, Some(-25), Cause::Stopped), (-4, None, Cause::PollsFailed)]
    );
}

#[test]
fn a_silence_to_the_millisecond_lasts_up_to_a_more_exact_moment() {
    let now = at(0) + SignedDuration::from_micros(1_300);
    let silence = (at(-40), at(0) + SignedDuration::from_millis(1));
    let found = of_vehicle(&polled(&[known()]), VIN, &[silence], (at(-240), now));
    assert_eq!((found.len(), found[0].to), (1, None), "{found:?}");
}

#[test]
fn a_stream_that_is_mute_while_polls_tell_of_something_has_nothing_selected() {
    let mut status = streamed(polled(&[known()]), Vec::new());
    status.streams[0].vehicles[0].measured_at = Some(at(-2));
    assert_eq!(told(&status, &[(-40, -30)]), [(-100, None, Cause::NotSelected)]);
    status.streams[0].vehicles[0].measured_at = Some(at(-101));
    assert_eq!(told(&status, &[(-40, -30)]), [(-40, Some(-30), Cause::Asleep)]);
}

#[test]
fn what_is_known_of_another_vehicle_or_account_counts_for_nothing() {
    let mut status = polled(&[known()]);
    status.poll_gaps.push(StreamGap {
        account: "other".to_owned(),
        source: POLLS.to_owned(),
        gap: gap(-40, None, GapCause::Restart),
    });
    let mut other = streamed(Status::default(), vec![gap(-40, None, GapCause::Login)]);
    other.streams[0].vehicles[0].vin = "another".to_owned();
    let own = streamed(Status::default(), Vec::new());
    status.streams = vec![other.streams.remove(0), { own }.streams.remove(0)];
    assert_eq!(told(&status, &[]), []);
}

#[test]
fn before_the_journal_began_nothing_is_missing() {
    let mut status = polled(&[known(), gap(-30, Some(-20), GapCause::Quota)]);
    let silences = [(-240, -20)];
    assert_eq!(told(&status, &silences).len(), 2, "asleep, then without calls");
    status.began_at = Some(at(-25));
    assert_eq!(told(&status, &silences), [(-25, Some(-20), Cause::Quota)]);
    status.began_at = Some(at(1));
    assert_eq!(told(&status, &silences), []);
}

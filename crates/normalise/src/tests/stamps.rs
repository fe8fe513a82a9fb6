//! Which stamps are times of measurement.

use super::*;

#[test]
fn a_readable_stamp_is_the_time_of_measurement() {
    assert_eq!(
        stamped(SOC, r#""2026-03-01T11:00:00.055Z""#),
        (at("2026-03-01T11:00:00.055Z"), Stamp::Measured)
    );
    // Even one of this moment: the key is not known to be stamped by the call.
    assert_eq!(
        stamped(SOC, r#""2026-03-01T12:00:00.400Z""#),
        (at("2026-03-01T12:00:00.400Z"), Stamp::Measured)
    );
    assert_eq!(
        stamped(SOC, "1772362800"),
        (at("2026-03-01T11:00:00Z"), Stamp::Measured)
    );
    assert_eq!(
        stamped(SOC, "1772362800000"),
        (at("2026-03-01T11:00:00Z"), Stamp::Measured)
    );
}

#[test]
fn without_a_readable_stamp_the_time_of_arrival_counts() {
    for stamp in [
        "null",
        r#""""#,
        r#""yesterday""#,
        r#""-NA-""#,
        "true",
        "{}",
        "1.5",
    ] {
        assert_eq!(
            stamped(SOC, stamp),
            (at("2026-03-01T12:00:01Z"), Stamp::Requested),
            "{stamp}"
        );
    }
    match meaning_of(&known(SOC), r#"{"value":"74"}"#) {
        Meaning::Reading {
            measured_at, stamp, ..
        } => {
            assert_eq!(
                (measured_at, stamp),
                (at("2026-03-01T12:00:01Z"), Stamp::Requested)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_poll_never_measures_a_key_that_bmw_stamps_by_the_call() {
    // Whatever our clock says: BMW's may differ.
    for stamp in [
        "2026-03-01T12:00:00.400Z",
        "2026-03-01T12:30:00Z",
        "2026-02-28T12:00:00Z",
    ] {
        let found = stamped(HV_STATUS, &format!("\"{stamp}\""));
        assert_eq!(found, (at(stamp), Stamp::Requested), "{stamp}");
    }
}

#[test]
fn a_message_that_nobody_asked_for_is_measured() {
    let window = Window {
        requested_at: None,
        ..window()
    };
    let body = r#"{"value":"CHARGING","timestamp":"2026-03-01T12:00:00Z"}"#;
    match interpret(&Body::parse(body).unwrap(), &known(HV_STATUS), window) {
        Meaning::Reading { stamp, .. } => assert_eq!(stamp, Stamp::Measured),
        other => panic!("{other:?}"),
    }
}

#[test]
fn stamps_at_the_ends_of_time_are_read_or_ignored() {
    for stamp in [
        "-9223372036854775808",
        "9223372036854775807",
        "-9223372036854775807",
        "99999999999999999999",
        r#""-9223372036854775808""#,
        r#""9999-12-31T23:59:59Z""#,
        r#""0000-01-01T00:00:00Z""#,
        r#""-009999-01-01T00:00:00Z""#,
    ] {
        let (at, stamp_kind) = stamped(SOC, stamp);
        assert!(
            stamp_kind == Stamp::Measured || at == window().received_at,
            "{stamp}: {at}"
        );
    }
}

/// A stamp that a value cannot have when BMW's clock and ours agree; and one that it can, on a machine that is late.
#[test]
fn a_stamp_of_the_future_is_no_time_of_measurement_but_to_a_clock_that_is_late() {
    let read = |stamp: &str, sent: Option<&str>| {
        let body = format!(r#"{{"value":"74","timestamp":"{stamp}"}}"#);
        let window = Window {
            sent_at: sent.map(at),
            ..window()
        };
        match interpret(&Body::parse(&body).unwrap(), &known(SOC), window) {
            Meaning::Reading {
                measured_at, stamp, ..
            } => (measured_at, stamp),
            other => panic!("{other:?}"),
        }
    };
    let received = "2026-03-01T12:00:01Z";
    let (just, far, late) = (
        "2026-03-01T12:01:30Z",
        "2099-01-01T00:00:00Z",
        "2026-03-04T08:00:00Z",
    );
    for (stamp, sent, want) in [
        // A car may be a minute ahead.
        (just, Some(received), (just, Stamp::Measured)),
        (
            "2026-03-01T12:10:00Z",
            Some(received),
            (received, Stamp::Requested),
        ),
        (far, Some(received), (received, Stamp::Requested)),
        // A message that lay somewhere for an hour, or a clock of ours that is an hour ahead.
        (just, Some("2026-03-01T11:00:00Z"), (just, Stamp::Measured)),
        (
            "2026-03-01T12:10:00Z",
            Some("2026-03-01T11:00:00Z"),
            ("2026-03-01T12:10:00Z", Stamp::Measured),
        ),
        (far, Some("2026-03-01T11:00:00Z"), (received, Stamp::Requested)),
        // BMW says that it is three days later than we think: so it is.
        (
            "2026-03-04T07:59:58Z",
            Some(late),
            ("2026-03-04T07:59:58Z", Stamp::Measured),
        ),
        (far, Some(late), (late, Stamp::Requested)),
        // BMW does not say, or says what cannot be.
        (late, None, (late, Stamp::Measured)),
        (far, None, (received, Stamp::Requested)),
        (far, Some(far), (received, Stamp::Requested)),
    ] {
        assert_eq!(read(stamp, sent), (at(want.0), want.1), "{stamp}, sent {sent:?}");
    }
}

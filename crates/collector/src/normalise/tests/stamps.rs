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
fn a_key_that_bmw_stamps_by_the_call_is_measured_only_when_its_stamp_is_older() {
    for (stamp, want) in [
        ("2026-03-01T12:00:00.400Z", Stamp::Requested),
        ("2026-03-01T12:00:03Z", Stamp::Requested),
        ("2026-03-01T11:59:55Z", Stamp::Requested),
        ("2026-03-01T11:59:54.999Z", Stamp::Measured),
        ("2026-02-28T12:00:00Z", Stamp::Measured),
    ] {
        assert_eq!(
            stamped(HV_STATUS, &format!("\"{stamp}\"")),
            (at(stamp), want),
            "{stamp}"
        );
    }
}

#[test]
fn a_message_that_nobody_asked_for_is_held_against_its_arrival() {
    let window = Window {
        requested_at: None,
        received_at: at("2026-03-01T12:00:01Z"),
    };
    for (stamp, want) in [
        ("2026-03-01T12:00:00Z", Stamp::Requested),
        ("2026-03-01T11:59:55Z", Stamp::Measured),
    ] {
        let body = format!(r#"{{"value":"CHARGING","timestamp":"{stamp}"}}"#);
        match interpret(&Body::parse(&body).unwrap(), &known(HV_STATUS), window) {
            Meaning::Reading { stamp: found, .. } => assert_eq!(found, want, "{stamp}"),
            other => panic!("{other:?}"),
        }
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

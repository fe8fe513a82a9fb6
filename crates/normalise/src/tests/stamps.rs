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
        received_at: at("2026-03-01T12:00:01Z"),
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

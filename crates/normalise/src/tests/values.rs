//! Values in their descriptor's type.

use super::*;

#[test]
fn sentinels_are_no_values() {
    let words = [
        "",
        " ",
        "-",
        "-NA-",
        " -NA- ",
        "NA",
        "N/A",
        "null",
        "NULL",
        "NaN",
        "INVALID",
        "UNKNOWN",
        "SIGNAL_INVALID",
        "NOT_AVAILABLE",
        "ASN_isUnknown",
        "ASN_ISUNKNOWN",
        "ASN_isunknown",
        "NOT AVAILABLE",
        "Not-Available",
        "not available",
        "n.a.",
        "unknown",
        "Signal Invalid",
        "--",
        "none",
    ];
    for word in words {
        for descriptor in [SOC, STATUS, IS_MOVING, TRIP_END] {
            assert_eq!(
                text_of(descriptor, word, None),
                Meaning::Absent,
                "{word:?} of {descriptor}"
            );
        }
    }
}

#[test]
fn every_way_to_say_nothing_is_absent() {
    for json in [
        "{}",
        r#"{"value":null}"#,
        r#"{"timestamp":null,"unit":"min","value":null}"#,
        r#"{"timestamp":"2026-03-01T11:00:00.000Z","unit":"%","value":null}"#,
        r#"{"unit":"%"}"#,
    ] {
        assert_eq!(meaning_of(&known(SOC), json), Meaning::Absent, "{json}");
    }
}

#[test]
fn bidirectional_charging_that_is_not_available_is_a_value() {
    let availability = "vehicle.powertrain.electric.battery.biDirectionalCharging.availability";
    assert_eq!(
        value_of(availability, "NOT_AVAILABLE", None),
        Some(Value::Text("NOT_AVAILABLE".into()))
    );
    assert_eq!(text_of(availability, "INVALID", None), Meaning::Absent);
}

#[test]
fn each_word_of_the_catalogue_for_a_boolean_is_read() {
    for (descriptor, word, want) in [
        (
            "vehicle.body.chargingPort.isHospitalityActive",
            "HOSPITALITY_ACTIVE",
            true,
        ),
        (
            "vehicle.body.chargingPort.isHospitalityActive",
            "HOSPITALITY_INACTIVE",
            false,
        ),
        ("vehicle.body.flap.isLocked", "FLAP_LOCKED", true),
        ("vehicle.body.flap.isLocked", "FLAP_UNLOCKED", false),
        ("vehicle.body.flap.isPermanentlyUnlocked", "FLAP_UNLOCKED", true),
        ("vehicle.body.flap.isPermanentlyUnlocked", "FLAP_LOCKED", false),
        ("vehicle.body.flap.isPermanentlyUnlocked", "NO_ACTION", false),
        ("vehicle.body.hood.isOpen", "OPEN", true),
        ("vehicle.body.hood.isOpen", "CLOSED", false),
        (IS_MOVING, "ASN_isTrue", true),
        (IS_MOVING, "ASN_isFalse", false),
        ("vehicle.body.trunk.isLocked", "true", true),
        ("vehicle.body.trunk.isLocked", "false", false),
        (
            "vehicle.privacySettings.dataCollection.regulations.obfcm",
            "True",
            true,
        ),
        (
            "vehicle.privacySettings.dataCollection.regulations.obfcm",
            "False",
            false,
        ),
        (
            "vehicle.drivetrain.electricEngine.charging.acRestriction.isChosen",
            "CHOSEN",
            true,
        ),
        (
            "vehicle.drivetrain.electricEngine.charging.acRestriction.isChosen",
            "NOTCHOSEN",
            false,
        ),
        (
            "vehicle.drivetrain.electricEngine.charging.isSingleImmediateCharging",
            "DIRECT_CHG_ONCE_ACTIVE",
            true,
        ),
        (
            "vehicle.drivetrain.electricEngine.charging.isSingleImmediateCharging",
            "DIRECT_CHG_ONCE_NOT_ACTIVE",
            false,
        ),
        (
            "vehicle.powertrain.electric.battery.charging.acLimit.isActive",
            "AC_LIMIT_ACTIVE",
            true,
        ),
        (
            "vehicle.powertrain.electric.battery.charging.acLimit.isActive",
            "AC_LIMIT_INACTIVE",
            false,
        ),
    ] {
        assert_eq!(
            value_of(descriptor, word, None),
            Some(Value::Bool(want)),
            "{word} of {descriptor}"
        );
    }
}

#[test]
fn booleans_come_as_texts_numbers_and_booleans() {
    for (json, want) in [
        ("true", true),
        ("false", false),
        ("1", true),
        ("0", false),
        (r#""1""#, true),
        (r#"" true ""#, true),
    ] {
        let body = format!(r#"{{"value":{json},"timestamp":"{STAMP}"}}"#);
        match meaning_of(&known(IS_MOVING), &body) {
            Meaning::Reading { value, unit, .. } => assert_eq!((value, unit), (Value::Bool(want), None)),
            other => panic!("{json}: {other:?}"),
        }
    }
    for json in ["2", r#""maybe""#, "[]", r#"{"a":true}"#] {
        let body = format!(r#"{{"value":{json}}}"#);
        assert!(
            matches!(meaning_of(&known(IS_MOVING), &body), Meaning::Rejected(_)),
            "{json}"
        );
    }
}

#[test]
fn numbers_come_as_texts_and_as_numbers() {
    for (json, want) in [
        (r#""74""#, 74.0),
        ("74", 74.0),
        (r#"" 74 ""#, 74.0),
        (r#""74.50""#, 74.5),
        ("22.979991912841797", 22.979_991_912_841_797),
        (r#""22.979991912841797""#, 22.979_991_912_841_797),
        (r#""-0.5""#, -0.5),
        ("1e2", 100.0),
        (r#""9007199254740992""#, 9_007_199_254_740_992.0),
    ] {
        let body = format!(r#"{{"value":{json}}}"#);
        match meaning_of(&known("vehicle.body.chargingPort.plugEventId"), &body) {
            Meaning::Reading { value, .. } => assert_eq!(value, Value::Number(want), "{json}"),
            other => panic!("{json}: {other:?}"),
        }
    }
}

#[test]
fn what_is_no_finite_number_is_rejected() {
    for json in [
        r#""inf""#,
        r#""-inf""#,
        r#""Infinity""#,
        "1e999",
        r#""1e999""#,
        r#""74 %""#,
        r#""7,4""#,
        r#""0x10""#,
        r#""FAILED""#,
        "[74]",
        r#"{"value":74}"#,
        "true",
        "false",
    ] {
        let body = format!(r#"{{"value":{json}}}"#);
        let meaning = meaning_of(&known(SOC), &body);
        assert!(matches!(meaning, Meaning::Rejected(_)), "{json}: {meaning:?}");
    }
    // Not finite in any case: nobody can tell whether "nan" is a word for nothing.
    assert_eq!(value_of(SOC, "nan", None), None);
    assert_eq!(value_of(SOC, "NaN", None), None);
}

#[test]
fn a_rejection_names_the_kind_and_the_type_and_not_the_value() {
    let Meaning::Rejected(reason) = text_of(SOC, "52.5,13.4", None) else {
        panic!("a text is no number")
    };
    assert!(reason.contains("text") && reason.contains("number"), "{reason}");
    assert!(!reason.contains("52.5"), "{reason}");
}

#[test]
fn texts_are_kept_to_the_letter() {
    let json_in_text = r#"[{"id":"OIL","state":"OK"},"a\"b"]"#;
    for text in [
        "CHARGINGACTIVE",
        " spaced ",
        json_in_text,
        "<xml a='b'/>",
        "Größe ⚡",
        "NO FIX",
        "-1",
        "true",
    ] {
        assert_eq!(value_of(STATUS, text, None), Some(Value::Text(text.into())));
    }
}

#[test]
fn a_text_may_come_as_any_json() {
    for (json, want) in [
        (r#"{"k":[1,null]}"#, r#"{"k":[1,null]}"#),
        ("[1, 2]", "[1, 2]"),
        ("1133", "1133"),
        ("22.0", "22.0"),
        ("true", "true"),
    ] {
        let body = format!(r#"{{"value":{json}}}"#);
        match meaning_of(&known(STATUS), &body) {
            Meaning::Reading { value, .. } => assert_eq!(value, Value::Text(want.into())),
            other => panic!("{json}: {other:?}"),
        }
    }
}

#[test]
fn a_time_is_a_value_too() {
    assert_eq!(
        value_of(TRIP_END, "2026-02-28T08:15:00Z", None),
        Some(Value::Timestamp(at("2026-02-28T08:15:00Z")))
    );
    assert!(matches!(
        text_of(TRIP_END, "yesterday", None),
        Meaning::Rejected(_)
    ));
}

#[test]
fn a_third_word_is_the_safe_one() {
    let (lid, window) = (
        "vehicle.body.trunk.isOpen",
        "vehicle.cabin.window.row1.driver.status",
    );
    for word in [
        "INTERMEDIATE",
        "intermediate",
        " Intermediate ",
        "ASN_intermediate",
        "OPEN_TILT",
        "HALF-OPEN",
        "NOT_CLOSED",
    ] {
        assert_eq!(value_of(lid, word, None), Some(Value::Bool(true)), "{word}");
    }
    assert_eq!(value_of(lid, "CLOSED_SECURED", None), Some(Value::Bool(false)));
    assert_eq!(
        value_of(window, "INTERMEDIATE", None),
        Some(Value::Text("INTERMEDIATE".into()))
    );
}

/// No word is read by how it ends: what nobody knows is told, never turned round.
#[test]
fn an_unknown_word_is_neither_yes_nor_no() {
    for (descriptor, word) in [
        ("vehicle.body.hood.isOpen", "NOT_OPEN_ACTIVE"),
        ("vehicle.body.hood.isOpen", "LOCKED"),
        (IS_MOVING, "PROBABLY_ACTIVE"),
        ("vehicle.body.flap.isLocked", "OPEN"),
    ] {
        assert!(
            matches!(text_of(descriptor, word, None), Meaning::Rejected(_)),
            "{word} of {descriptor}"
        );
    }
    for (descriptor, word, want) in [
        ("vehicle.body.hood.isOpen", "NOT OPEN", false),
        ("vehicle.body.trunk.isLocked", "NOT_LOCKED", false),
        ("vehicle.body.trunk.isLocked", "UNLOCKED", false),
        (
            "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
            "NOT_CONNECTED",
            false,
        ),
    ] {
        assert_eq!(
            value_of(descriptor, word, None),
            Some(Value::Bool(want)),
            "{word}"
        );
    }
}

/// The words of our tables are in the form in which they are compared, and no word of theirs means nothing.
#[test]
fn the_words_of_the_catalogue_can_be_read() {
    for entry in catalogue::CATALOGUE {
        for word in entry.truths.yes.iter().chain(entry.truths.no) {
            assert_eq!(&crate::plain::plain(word), word, "{}", entry.descriptor);
            assert!(!crate::value::is_nothing(word), "{word} of {}", entry.descriptor);
        }
        for word in entry.options {
            assert_eq!(
                value_of(entry.descriptor, word, None),
                Some(Value::Text((*word).into())),
                "{}",
                entry.descriptor
            );
        }
    }
}

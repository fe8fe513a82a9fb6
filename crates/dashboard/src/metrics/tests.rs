//! What Prometheus reads.

use collector_core::state::Published;
use collector_core::{Names, VehicleSettings};
use status::{Arrivals, LastPoll, SinkTotals, VehicleTotals};

use super::*;

const VIN: &str = "WBY8P210X07A12345";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn said(name: &str, state: State) -> Option<Published> {
    Some(Published {
        name: name.into(),
        state,
        message: None,
        since: at(0),
    })
}

fn status() -> Status {
    let mut status = Status {
        now: at(1_700_000_002),
        ..Status::default()
    };
    let settings = VehicleSettings {
        name: Some("My \"fast\"\nCar \\o/".into()),
        units: None,
    };
    status.names = Names::new([], [(VIN.parse().unwrap(), settings)]);
    status.log.rejected = 7;
    status.log.impossible = 2;
    status.vehicles = vec![VehicleTotals {
        vin: VIN.to_owned(),
        last_snapshot_at: Some(at(1_700_000_000)),
        ..VehicleTotals::default()
    }];
    status.arrivals = vec![Arrivals {
        vin: VIN.to_owned(),
        account: "home".to_owned(),
        source: "telematics".to_owned(),
        origin: "poll".to_owned(),
        snapshots: 41,
        entries: 40,
        readings: 1234,
        repeats: 99,
        last_received_at: at(1_700_000_000),
    }];
    status.polls = vec![LastPoll {
        account: "home".to_owned(),
        source: "telematics".to_owned(),
        vin: VIN.to_owned(),
        last_at: at(1),
        last_success_at: Some(at(1_700_000_000)),
        failures: 3,
        problem: None,
        next_at: None,
        every: None,
        reason: None,
        activity: None,
    }];
    status.accounts = vec![AccountStatus {
        name: "home".to_owned(),
        mapped: Vec::new(),
        login_days: Some(1.5),
        login_problem: None,
        login_warnings: Vec::new(),
        calls_left: 20,
        calls_per_day: 50,
        calls: status::Calls {
            used: 11,
            reserved: 2,
            planned: 30,
            left: 18,
        },
        blocked_until: None,
        is_polled: true,
        said: said("home", State::Polls(PollsState::Failing)),
    }];
    status.sinks = vec![SinkStatus {
        name: "influx".to_owned(),
        type_name: "influxdb",
        totals: Some(SinkTotals {
            sink: "influx".to_owned(),
            cursor: 5,
            delivered_readings: 1000,
            delivered_at: Some(at(1_700_000_001)),
            waiting_entries: 2,
            waiting_readings: 12,
            dead_letters: 4,
        }),
        rewrites: Vec::new(),
        said: said("influx", State::Sink(SinkState::Retrying)),
        lacks: Vec::new(),
    }];
    status
}

#[test]
fn every_number_is_there_under_its_name() {
    let text = text(&status(), 3).unwrap();
    let vehicle = r#"vehicle="My \"fast\"\nCar \\o/""#;
    let poll = format!(r#"account="home",source="telematics",{vehicle}"#);
    let came = format!(r#"account="home",source="telematics",origin="poll",{vehicle}"#);
    let sink = r#"sink="influx",type="influxdb""#;
    for line in [
        format!(
            "cardata_build_info{{version=\"{}\"}} 1",
            env!("CARGO_PKG_VERSION")
        ),
        "cardata_login_remaining_seconds{account=\"home\"} 129600.0".to_owned(),
        "cardata_calls_used{account=\"home\"} 11.0".to_owned(),
        "cardata_calls_left{account=\"home\"} 18.0".to_owned(),
        "cardata_calls_planned{account=\"home\"} 30.0".to_owned(),
        "cardata_calls_allowed{account=\"home\"} 50.0".to_owned(),
        "cardata_polls_state{account=\"home\",state=\"failing\"} 1.0".to_owned(),
        "cardata_polls_state{account=\"home\",state=\"polling\"} 0.0".to_owned(),
        format!("cardata_snapshots_total{{{came}}} 41"),
        format!("cardata_readings_total{{{came}}} 1234"),
        format!("cardata_repeats_total{{{came}}} 99"),
        format!("cardata_last_snapshot_timestamp_seconds{{{vehicle}}} 1700000000.0"),
        format!("cardata_poll_failures_in_a_row{{{poll}}} 3.0"),
        format!("cardata_poll_last_success_timestamp_seconds{{{poll}}} 1700000000.0"),
        format!("cardata_sink_delivered_readings_total{{{sink}}} 1000"),
        format!("cardata_sink_waiting_readings{{{sink}}} 12.0"),
        format!("cardata_sink_dead_letters{{{sink}}} 4.0"),
        format!("cardata_sink_state{{{sink},state=\"retrying\"}} 1.0"),
        "cardata_readings_not_delivered{reason=\"type\"} 5.0".to_owned(),
        "cardata_readings_not_delivered{reason=\"implausible\"} 2.0".to_owned(),
        "cardata_journal_writable{} 1.0".to_owned(),
        "cardata_open_pages{} 3.0".to_owned(),
        "# TYPE cardata_readings counter".to_owned(),
        "# UNIT cardata_login_remaining_seconds seconds".to_owned(),
    ] {
        assert!(text.lines().any(|known| known == line), "{line}\n\n{text}");
    }
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains(&VIN[..10]), "{text}");
}

#[test]
fn what_is_not_known_is_not_told_as_nothing() {
    let mut status = status();
    status.accounts[0].login_days = None;
    status.sinks[0].totals = None;
    status.journal_problem = Some("no space".to_owned());
    let text = text(&status, 0).unwrap();
    assert!(!text.contains("cardata_login_remaining_seconds{"), "{text}");
    assert!(!text.contains("cardata_sink_waiting_readings{"), "{text}");
    assert!(text.contains("\ncardata_journal_writable{} 0.0\n"), "{text}");
}

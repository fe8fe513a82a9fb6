//! The numbers of a running program for Prometheus, in OpenMetrics text. Vehicles go by their names, never by their VINs.

use std::fmt;
use std::sync::atomic::AtomicU64;

use collector_core::state::{PollsState, SinkState, State, StreamState};
use jiff::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use status::table::called;
use status::{AccountStatus, SinkStatus, Status, StreamStatus};

pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const SECONDS_A_DAY: f64 = 86_400.0;

type Labels = Vec<(&'static str, String)>;
type Number = Gauge<f64, AtomicU64>;

/// Names and numbers as they are gathered.
struct Sheet(Registry);

impl Sheet {
    fn gauge(&mut self, name: &str, help: &str, unit: Option<Unit>, rows: Vec<(Labels, f64)>) {
        let family = Family::<Labels, Number>::default();
        for (labels, value) in rows {
            family.get_or_create(&escaped(labels)).set(value);
        }
        match unit {
            Some(unit) => self.0.register_with_unit(name, help, unit, family),
            None => self.0.register(name, help, family),
        }
    }

    fn counter(&mut self, name: &str, help: &str, rows: Vec<(Labels, u64)>) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in rows {
            family.get_or_create(&escaped(labels)).inc_by(value);
        }
        self.0.register(name, help, family);
    }
}

/// As the text form wants them, which the encoder leaves to its callers.
fn escaped(mut labels: Labels) -> Labels {
    for (_, value) in &mut labels {
        *value = value
            .replace('\\', r"\\")
            .replace('"', "\\\"")
            .replace('\n', r"\n");
    }
    labels
}

/// `open_pages` are those that are told what changes.
pub(crate) fn text(status: &Status, open_pages: usize) -> Result<String, fmt::Error> {
    let mut sheet = Sheet(Registry::with_prefix("cardata"));
    let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
    sheet.0.register("build", "Which program this is", build);
    accounts(&mut sheet, &status.accounts);
    arrivals(&mut sheet, status);
    polls(&mut sheet, status);
    streams(&mut sheet, &status.streams, status.now);
    sinks(&mut sheet, &status.sinks);
    let all = |value: f64| vec![(Labels::new(), value)];
    let is_writable = status.journal_problem.is_none();
    let help = "Whether the journal can be written";
    sheet.gauge(
        "journal_writable",
        help,
        None,
        all(f64::from(u8::from(is_writable))),
    );
    let help = "Readings that no sink gets, by why: of another type, or numbers that no vehicle can mean";
    let log = &status.log;
    let reasons = [
        ("type", log.rejected.saturating_sub(log.impossible)),
        ("implausible", log.impossible),
    ];
    let reasons = reasons.map(|(reason, count)| (vec![("reason", reason.to_owned())], count as f64));
    sheet.gauge("readings_not_delivered", help, None, reasons.into());
    let help = "Pages that are told what changes";
    sheet.gauge("open_pages", help, None, all(open_pages as f64));
    let mut text = String::new();
    encode(&mut text, &sheet.0)?;
    Ok(text)
}

fn accounts(sheet: &mut Sheet, accounts: &[AccountStatus]) {
    let of = |account: &AccountStatus| vec![("account", account.name.clone())];
    let each = |number: fn(&AccountStatus) -> f64| {
        let rows = accounts.iter().map(|account| (of(account), number(account)));
        rows.collect::<Vec<_>>()
    };
    let logged_in = accounts.iter().filter_map(|account| {
        let days = account.login_days?;
        Some((of(account), (days * SECONDS_A_DAY).max(0.0)))
    });
    let help = "Until the login dies unless it is refreshed; absent without a login";
    sheet.gauge("login_remaining", help, Some(Unit::Seconds), logged_in.collect());
    let help = "Calls made in this UTC day";
    sheet.gauge(
        "calls_used",
        help,
        None,
        each(|account| account.calls.used as f64),
    );
    let help = "Calls that polls may make now, within the UTC day and within 24 hours";
    sheet.gauge(
        "calls_left",
        help,
        None,
        each(|account| account.calls.left.into()),
    );
    let help = "Calls that polls will have used when the UTC day ends, as things are";
    sheet.gauge(
        "calls_planned",
        help,
        None,
        each(|account| account.calls.planned.into()),
    );
    let help = "Calls that BMW allows in 24 hours";
    sheet.gauge(
        "calls_allowed",
        help,
        None,
        each(|account| account.calls_per_day.into()),
    );
    let states = accounts
        .iter()
        .filter_map(|account| match account.said.as_ref()?.state {
            State::Polls(state) => Some(one_of(&of(account), PollsState::ALL, state)),
            _ => None,
        });
    let help = "How the polls of an account fare: 1 for the state that it is in";
    sheet.gauge("polls_state", help, None, states.flatten().collect());
}

/// A row for each state, so that a rule can ask for any of them.
fn one_of<S: Copy + PartialEq + fmt::Display>(labels: &Labels, all: &[S], is: S) -> Vec<(Labels, f64)> {
    let row = |state: &S| {
        let mut labels = labels.clone();
        labels.push(("state", state.to_string()));
        (labels, f64::from(u8::from(*state == is)))
    };
    all.iter().map(row).collect()
}

fn arrivals(sheet: &mut Sheet, status: &Status) {
    let rows = |count: fn(&status::Arrivals) -> u64| {
        let rows = status.arrivals.iter().map(|came| {
            let labels = vec![
                ("account", came.account.clone()),
                ("source", came.source.clone()),
                ("origin", came.origin.clone()),
                ("vehicle", called(&status.names, &came.vin)),
            ];
            (labels, count(came))
        });
        rows.collect()
    };
    let help = "Answers to polls, and messages, whether or not something in them was new";
    sheet.counter("snapshots", help, rows(|came| came.snapshots));
    sheet.counter("readings", "Readings that were new", rows(|came| came.readings));
    let help = "Readings that came again and were left out";
    sheet.counter("repeats", help, rows(|came| came.repeats));
    let newest = status.vehicles.iter().filter_map(|vehicle| {
        let labels = vec![("vehicle", called(&status.names, &vehicle.vin))];
        Some((labels, seconds(vehicle.last_snapshot_at?)))
    });
    let help = "When the last answer or message of a vehicle came";
    let name = "last_snapshot_timestamp";
    sheet.gauge(name, help, Some(Unit::Seconds), newest.collect());
}

fn polls(sheet: &mut Sheet, status: &Status) {
    let of = |poll: &status::LastPoll| {
        vec![
            ("account", poll.account.clone()),
            ("source", poll.source.clone()),
            ("vehicle", called(&status.names, &poll.vin)),
        ]
    };
    let failures = status.polls.iter().map(|poll| (of(poll), poll.failures.into()));
    let help = "Polls that failed since the last that succeeded";
    sheet.gauge("poll_failures_in_a_row", help, None, failures.collect());
    let times = status.polls.iter();
    let times = times.filter_map(|poll| Some((of(poll), seconds(poll.last_success_at?))));
    let help = "When a poll last succeeded";
    let name = "poll_last_success_timestamp";
    sheet.gauge(name, help, Some(Unit::Seconds), times.collect());
}

fn streams(sheet: &mut Sheet, streams: &[StreamStatus], now: Timestamp) {
    let of = |stream: &StreamStatus| {
        vec![
            ("account", stream.account.clone()),
            ("source", stream.source.clone()),
        ]
    };
    let states = streams
        .iter()
        .filter_map(|stream| match stream.said.as_ref()?.state {
            State::Stream(state) => Some(one_of(&of(stream), StreamState::ALL, state)),
            _ => None,
        });
    let help = "How a stream fares: 1 for the state that it is in";
    sheet.gauge("stream_state", help, None, states.flatten().collect());
    let times = streams.iter();
    let times = times.filter_map(|stream| Some((of(stream), seconds(stream.last_message_at()?))));
    let help = "When the last message came";
    let name = "stream_last_message_timestamp";
    sheet.gauge(name, help, Some(Unit::Seconds), times.collect());
    let counted = |count: fn(&status::StreamRecord) -> u64| {
        let ran = streams.iter();
        let rows = ran.filter_map(|stream| Some((of(stream), count(stream.record.as_ref()?))));
        rows.collect()
    };
    sheet.counter(
        "stream_logins",
        "Logins to the stream",
        counted(|record| record.logins),
    );
    let help = "How often another program took the connection";
    sheet.counter("stream_evictions", help, counted(|record| record.evictions));
    let day_ago = now - jiff::SignedDuration::from_hours(24);
    let mut gaps: Vec<(Labels, f64)> = Vec::new();
    for stream in streams {
        for gap in stream.gaps_of_the_day(now) {
            let mut labels = of(stream);
            labels.push(("cause", gap.cause.as_str().to_owned()));
            let lasted = gap.to.unwrap_or(now).duration_since(gap.from.max(day_ago));
            let lasted = lasted.as_secs_f64().max(0.0);
            match gaps.iter_mut().find(|(known, _)| *known == labels) {
                Some((_, sum)) => *sum += lasted,
                None => gaps.push((labels, lasted)),
            }
        }
    }
    let help = "How long of the last 24 hours nothing could come, by cause";
    sheet.gauge("stream_gaps", help, Some(Unit::Seconds), gaps);
}

fn sinks(sheet: &mut Sheet, sinks: &[SinkStatus]) {
    let of = |sink: &SinkStatus| vec![("sink", sink.name.clone()), ("type", sink.type_name.to_owned())];
    let totals = || {
        sinks
            .iter()
            .filter_map(|sink| Some((of(sink), sink.totals.as_ref()?)))
    };
    let delivered = totals().map(|(labels, totals)| (labels, totals.delivered_readings));
    let help = "Readings that a sink took";
    sheet.counter("sink_delivered_readings", help, delivered.collect());
    let waiting = totals().map(|(labels, totals)| (labels, totals.waiting_readings as f64));
    let help = "Readings that a sink has not taken yet";
    sheet.gauge("sink_waiting_readings", help, None, waiting.collect());
    let letters = totals().map(|(labels, totals)| (labels, totals.dead_letters as f64));
    let help = "Readings that a sink refused, until they are retried or dropped";
    sheet.gauge("sink_dead_letters", help, None, letters.collect());
    let times = totals().filter_map(|(labels, totals)| Some((labels, seconds(totals.delivered_at?))));
    let help = "When a sink last took something";
    let name = "sink_last_delivery_timestamp";
    sheet.gauge(name, help, Some(Unit::Seconds), times.collect());
    let states = sinks.iter().filter_map(|sink| match sink.said.as_ref()?.state {
        State::Sink(state) => Some(one_of(&of(sink), SinkState::ALL, state)),
        _ => None,
    });
    let help = "How the deliveries to a sink fare: 1 for the state that it is in";
    sheet.gauge("sink_state", help, None, states.flatten().collect());
}

fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1_000.0
}

#[cfg(test)]
mod tests;

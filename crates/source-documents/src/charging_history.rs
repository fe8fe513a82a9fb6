//! The source `charging_history`: the charging sessions as BMW lists them.

use async_trait::async_trait;
use cardata_api::{ApiError, ErrorKind, Page};
use collector_core::document::{CHARGING_SESSION, read as read_document};
use collector_core::{Poll, RawReading, RawSnapshot, SourceError, Vehicle};
use jiff::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use source::SourceContext;

use crate::asking::{Asking, bounded, document, document_source};
use crate::walk::{Ask, Memory, Span, Walk, Window};

document_source!(
    /// Asks for the charging sessions of each vehicle as BMW lists them: the last 45 days at first, then what is new, the
    /// last three days again, and what has not ended. Costs one call a vehicle and day, and one more for each further page
    /// of ten sessions, where calls can be spared.
    ChargingHistoryConfig, "charging_history", every 1 days, ChargingHistory,
    "Asks for the charging sessions that BMW lists, once a day."
);

/// Seconds since 1970 reach this in the year 5138, milliseconds reached it in 1973.
const FIRST_MILLISECONDS: f64 = 1e11;

struct ChargingHistory {
    asking: Asking,
    /// Of the vehicle that was asked for last.
    memory: Option<Memory>,
}

impl ChargingHistory {
    fn new(context: SourceContext) -> Self {
        Self {
            asking: Asking::new(context),
            memory: None,
        }
    }

    /// Where the last day ended. What cannot be read begins anew: the journal knows its repeats.
    async fn remembered(&self, vehicle: &Vehicle) -> Option<Memory> {
        let Asking { name, handles } = &self.asking;
        let record = handles
            .ledger
            .poll_record(&handles.login.account, name, &vehicle.vin);
        Memory::from_json(&record.await.ok()??.activity?)
    }

    async fn page(&self, vehicle: &Vehicle, ask: &Ask) -> Result<Page, ApiError> {
        let Window(from, to) = ask.window;
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let client = &self.asking.handles.client;
        let page = client.charging_history(&vehicle.vin, (at(from), at(to)), ask.token.as_deref());
        page.await
    }

    /// What cannot be had now goes on next day from its place; the sessions that came are kept.
    fn tell_of_the_end(&self, vehicle: &Vehicle, sessions: usize, error: &SourceError) {
        tracing::info!(account = %self.asking.handles.login.account, vehicle = %vehicle.name, sessions, %error, "the charging history goes on tomorrow from here");
    }
}

#[async_trait]
impl Poll for ChargingHistory {
    async fn poll(&mut self, vehicle: &Vehicle) -> Result<RawSnapshot, SourceError> {
        let asked_at = self.asking.now();
        let mut walk = Walk::begin(self.remembered(vehicle).await, asked_at.as_second());
        let mut came = None::<Vec<RawReading>>;
        while let Some(ask) = walk.next() {
            let budget = &self.asking.handles.budget;
            if !ask.is_owed && budget.spare_polls(self.asking.now()).await == 0 {
                walk.leave();
                continue;
            }
            let page = self.page(vehicle, &ask).await;
            let is_refused = |error: &ApiError| error.kind() == Some(ErrorKind::Parameter);
            if page.as_ref().is_err_and(is_refused) && walk.is_out_of_reach() {
                continue;
            }
            let page = page.map_err(|error| self.asking.failed(vehicle, &error));
            let page = match (page.and_then(bounded), &came) {
                (Ok(page), _) => page,
                (Err(error), None) => return Err(error),
                (Err(error), Some(came)) => {
                    self.tell_of_the_end(vehicle, came.len(), &error);
                    break;
                }
            };
            let (sessions, spans) = read(&page);
            came.get_or_insert_default().extend(sessions);
            walk.took(&spans, page.next);
        }
        self.memory = Some(walk.end());
        Ok(self.asking.brought(vehicle, asked_at, came.unwrap_or_default()))
    }

    fn remembers(&self) -> Option<String> {
        self.memory.as_ref().map(Memory::to_json)
    }
}

/// The sessions of a page for the journal, and when they were.
pub fn read(page: &Page) -> (Vec<RawReading>, Vec<Span>) {
    let times: Vec<_> = page.items.iter().map(|item| times(item)).collect();
    let sessions = page.items.iter().zip(&times);
    let sessions = sessions.filter_map(|(item, (start, _))| document(CHARGING_SESSION, item.get(), *start));
    (sessions.collect(), times.into_iter().filter_map(span).collect())
}

/// When a session began and ended. One without a start is known by its content alone.
fn times(session: &RawValue) -> (Option<Timestamp>, Option<Timestamp>) {
    let session = read_document(session.get());
    (time(&session, "startTime"), time(&session, "endTime"))
}

fn span((start, end): (Option<Timestamp>, Option<Timestamp>)) -> Option<Span> {
    Some(Span {
        start: start?.as_second(),
        end: end.map(Timestamp::as_second),
    })
}

/// Seconds since 1970 as a number or a text, or a date and time.
fn time(session: &Value, key: &str) -> Option<Timestamp> {
    let number = match session.get(key)? {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => match text.trim().parse() {
            Ok(number) => number,
            Err(_) => return text.trim().parse().ok(),
        },
        _ => return None,
    };
    let is_seconds = number.abs() < FIRST_MILLISECONDS;
    let milliseconds = if is_seconds { number * 1_000.0 } else { number };
    Timestamp::from_millisecond(milliseconds.round() as i64).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_is_read_however_it_is_written() {
        let of = |json: &str| times(&RawValue::from_string(json.to_owned()).unwrap()).0;
        let at: Timestamp = "2025-06-15T15:06:40Z".parse().unwrap();
        for value in [
            "1750000000",
            "1750000000.0",
            "1750000000000",
            "\"1750000000\"",
            "\"2025-06-15T17:06:40+02:00\"",
        ] {
            assert_eq!(of(&format!(r#"{{"startTime":{value}}}"#)), Some(at), "{value}");
        }
        for json in [
            "7",
            "null",
            "{}",
            r#"{"startTime":null}"#,
            r#"{"startTime":"soon"}"#,
            r#"{"startTime":1e300}"#,
        ] {
            assert_eq!(of(json), None, "{json}");
        }
    }
}

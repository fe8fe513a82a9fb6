//! What the sources of documents have in common: their registration, the snapshot of what came, and what a failure means.

use cardata_api::{ApiError, Call, Page};
use collector_core::{Name, Origin, RawReading, RawSnapshot, SourceError, Stray, Vehicle};
use jiff::Timestamp;
use runtime::Chain;
use serde_json::json;
use serde_json::value::RawValue;
use source::{Handles, SourceContext};

/// Of one page.
const MOST_ITEMS: usize = 1_000;
const MOST_BYTES: usize = 8 << 20;

/// The source type of a document without options of its own: its configuration, and its registration.
macro_rules! document_source {
    ($(#[$doc:meta])* $config:ident, $type:literal, every $days:literal days, $source:ident, $summary:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $config {}

        source::register_source!($config);

        impl collector_core::SourceConfig for $config {
            const TYPE: &'static str = $type;
            const SUMMARY: &'static str = $summary;
            const SAMPLE: &'static str = include_str!(concat!($type, ".sample.yaml"));
            const CADENCE: collector_core::Cadence = collector_core::Cadence::Seldom {
                every: std::time::Duration::from_secs($days * 86_400),
            };

            fn validate(&self) -> Result<(), Vec<collector_core::Invalid>> {
                Ok(())
            }
        }

        impl source::Build for $config {
            fn build(self, context: source::SourceContext) -> Result<collector_core::Source, SourceError> {
                Ok(collector_core::Source::Poll(Box::new($source::new(context))))
            }
        }
    };
}
pub(crate) use document_source;

/// Who asks for one type of document.
pub struct Asking {
    pub name: Name,
    pub handles: Handles,
}

impl Asking {
    pub fn new(context: SourceContext) -> Self {
        Self {
            name: context.name,
            handles: context.handles,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.handles.clock.now()
    }

    /// What came of a vehicle that was asked for at `requested_at`.
    pub fn brought(
        &self,
        vehicle: &Vehicle,
        requested_at: Timestamp,
        documents: Vec<RawReading>,
    ) -> RawSnapshot {
        RawSnapshot {
            vin: vehicle.vin.clone(),
            origin: Origin::Poll,
            requested_at: Some(requested_at),
            sent_at: None,
            received_at: self.now(),
            readings: documents,
        }
    }

    /// What a failed call means: nothing but a missing login and a used-up quota concerns the rest of the account. A
    /// vehicle that is refused, and a scope that is missing, may be so for this document alone: the polls of telematic data
    /// tell. An answer that cannot be read is kept.
    pub fn failed(&self, vehicle: &Vehicle, error: &ApiError) -> SourceError {
        let reason = Chain(error).to_string();
        match error {
            ApiError::Login(_) => return SourceError::Login { reason },
            error if error.is_quota() => return SourceError::Quota { reason },
            _ => {}
        }
        let Some(answer) = error.unreadable().filter(|answer| !answer.body.0.is_empty()) else {
            return SourceError::Transient {
                reason,
                retry_after: None,
            };
        };
        SourceError::Unreadable {
            reason,
            retry_after: None,
            answer: Box::new(Stray {
                received_at: self.now(),
                topic: format!("{} of {}", path(answer.call), vehicle.vin.as_str()),
                payload: answer.body.0.clone(),
                reason: format!("HTTP {}, {}", answer.status, answer.problem),
            }),
        }
    }
}

/// A page that is taken: the journal takes an answer whole, and nothing else beside it. BMW gives ten sessions a page.
///
/// # Errors
/// It is so long that it is none of BMW's.
pub fn bounded(page: Page) -> Result<Page, SourceError> {
    let bytes: usize = page.items.iter().map(|item| item.get().len()).sum();
    if page.items.len() <= MOST_ITEMS && bytes <= MOST_BYTES {
        return Ok(page);
    }
    let items = page.items.len();
    Err(SourceError::Transient {
        reason: format!(
            "one page of the answer has {items} items in {bytes} bytes, more than {MOST_ITEMS} items or {MOST_BYTES} bytes are not taken: it is asked for again tomorrow"
        ),
        retry_after: None,
    })
}

/// The last word of a call's address.
fn path(call: Call) -> &'static str {
    match call {
        Call::ChargingHistory => "chargingHistory",
        Call::ChargingSettings => "locationBasedChargingSettings",
        Call::Tyres => "smartMaintenanceTyreDiagnosis",
        Call::Vehicle => "basicData",
        other => other.as_str(),
    }
}

/// A document for the journal: `json` byte by byte, with the time that stands in it. `None` for what is no JSON.
pub fn document(name: &str, json: &str, at: Option<Timestamp>) -> Option<RawReading> {
    let stamp = at.map(|at| format!(r#","timestamp":{}"#, json!(at.to_string())));
    let body = format!(r#"{{"value":{json}{}}}"#, stamp.unwrap_or_default());
    Some(RawReading {
        descriptor: name.to_owned(),
        body: RawValue::from_string(body).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_without_measure_is_refused() {
        let page = |items: usize, bytes: usize| Page {
            items: vec![RawValue::from_string(format!("\"{}\"", "x".repeat(bytes - 2))).unwrap(); items],
            ..Page::default()
        };
        assert!(bounded(page(MOST_ITEMS, 10)).is_ok());
        assert!(bounded(page(8, MOST_BYTES / 8)).is_ok());
        let many = bounded(page(MOST_ITEMS + 1, 10)).unwrap_err().to_string();
        assert!(many.contains("1001 items"), "{many}");
        let long = bounded(page(1, MOST_BYTES + 1)).unwrap_err().to_string();
        assert!(long.contains("8388609 bytes"), "{long}");
    }

    #[test]
    fn a_document_keeps_every_byte() {
        let json = r#"{ "a":22.979991912841797, "b" : "\u00e4" }"#;
        let plain = document("cardata:tyres", json, None).unwrap();
        assert_eq!(plain.body.get(), format!(r#"{{"value":{json}}}"#));
        let at = Timestamp::from_second(1_750_000_000).unwrap();
        let stamped = document("cardata:charging_session", json, Some(at)).unwrap();
        let expected = format!(r#"{{"value":{json},"timestamp":"2025-06-15T15:06:40Z"}}"#);
        assert_eq!(stamped.body.get(), expected);
        assert!(document("cardata:tyres", "{", None).is_none());
    }
}

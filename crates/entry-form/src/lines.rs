//! The journal as lines of JSON: how a history moves to another machine, and how what is left of a damaged one
//! is saved.
//!
//! ```json
//! {"cardata_journal":1,"log_id":"…","exported_at":"2026-03-01T12:00:00Z"}
//! {"seq":1,"vin":"…","account":"home","source":"telematics","origin":"poll","requested_at":"…","received_at":"…","readings":2,"repeats":0,"checksum":"0badcafe","payload":{"v":1,"readings":[…]}}
//! ```
//!
//! An entry with display units has them as `context`, a JSON object as the journal has it.
//!
//! `payload` is that of the journal, byte by byte, so `checksum` (hexadecimal) is that of the journal too. Where
//! BMW sent line ends between its values, the payload stands as a text in `payload_text` instead.

use std::borrow::Cow;

use collector_core::{Origin, RawReading, RawSnapshot};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::payload::{self, Item};
use crate::{Content, Provenance, Stored, reason};

/// The version of the lines that this program writes and reads.
pub const FORMAT: u64 = 1;
/// A longer line is not one of ours: an answer of BMW has at most 32 MiB, and as a text at most twice that.
pub const LONGEST: usize = 72 << 20;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub cardata_journal: u64,
    pub log_id: String,
    pub exported_at: Timestamp,
}

/// An entry of another journal, whole and checked.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Its number there.
    pub seq: u64,
    pub account: String,
    pub source: String,
    pub readings: u64,
    pub repeats: u64,
    pub payload: String,
    /// The display units that its vehicle showed.
    pub context: Option<String>,
    pub snapshot: RawSnapshot,
}

impl Imported {
    /// Where it comes from.
    pub fn from(&self) -> Provenance<'_> {
        Provenance {
            account: &self.account,
            source: &self.source,
        }
    }
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    #[error("not UTF-8")]
    Encoding,
    #[error("longer than {} MiB", LONGEST >> 20)]
    Long,
    #[error("{}", reason(.0))]
    Json(serde_json::Error),
    #[error("{0} is not the VIN of a vehicle")]
    Vin(&'static str),
    #[error("`{0}` is empty, too long or has control characters")]
    Name(&'static str),
    #[error("`{0}` is no time between 2000 and 2200 in whole milliseconds")]
    Time(&'static str),
    #[error("the checksum is wrong: the line is not what was exported")]
    Checksum,
    #[error("the payload cannot be read: {}", reason(.0))]
    Payload(serde_json::Error),
    #[error("no payload, or two")]
    Payloads,
}

/// Why a first line begins no history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    #[error("the first line does not begin an exported journal: {0}")]
    Foreign(String),
    #[error("the lines have format {found}, and this program reads up to {FORMAT}: update cardata")]
    Newer { found: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    seq: u64,
    #[serde(borrow)]
    vin: Cow<'a, str>,
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    source: Cow<'a, str>,
    origin: Origin,
    requested_at: Option<Timestamp>,
    received_at: Timestamp,
    readings: u64,
    repeats: u64,
    #[serde(borrow)]
    checksum: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    context: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    payload_text: Option<Cow<'a, str>>,
}

/// The line of an entry, without its end.
pub fn line(entry: &Stored) -> Result<String, serde_json::Error> {
    let raw = match entry.payload.contains(['\n', '\r']) {
        true => None,
        false => Some(serde_json::from_str::<&RawValue>(&entry.payload)?),
    };
    // A raw value has no white space around it; ours never has.
    let raw = raw.filter(|raw| raw.get() == entry.payload);
    let context = entry.context.as_deref().map(serde_json::from_str).transpose()?;
    serde_json::to_string(&Line {
        seq: entry.seq,
        vin: entry.vin.as_str().into(),
        account: (&*entry.feed.account).into(),
        source: (&*entry.feed.source).into(),
        origin: entry.feed.origin,
        requested_at: entry.requested_at,
        received_at: entry.received_at,
        readings: entry.readings as u64,
        repeats: entry.repeats,
        checksum: format!("{:08x}", entry.checksum).into(),
        context,
        payload: raw,
        payload_text: raw.is_none().then(|| entry.payload.as_str().into()),
    })
}

/// Reads a first line.
pub fn parse_header(bytes: &[u8]) -> Result<Header, HeaderError> {
    #[derive(Deserialize)]
    struct Version {
        cardata_journal: u64,
    }
    let foreign = |error: serde_json::Error| HeaderError::Foreign(reason(&error));
    let Version { cardata_journal } = serde_json::from_slice(bytes).map_err(foreign)?;
    if cardata_journal != FORMAT {
        return Err(HeaderError::Newer {
            found: cardata_journal,
        });
    }
    serde_json::from_slice(bytes).map_err(foreign)
}

/// Reads the line of an entry, whatever it holds. It must be what [`line()`] wrote, down to the checksum.
pub fn parse_entry(bytes: &[u8]) -> Result<Imported, LineError> {
    if bytes.len() > LONGEST {
        return Err(LineError::Long);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| LineError::Encoding)?;
    let line: Line<'_> = serde_json::from_str(text).map_err(LineError::Json)?;
    let payload: &str = match (line.payload, &line.payload_text) {
        (Some(raw), None) => raw.get(),
        (None, Some(text)) => text,
        _ => return Err(LineError::Payloads),
    };
    let mut entry = Imported {
        seq: line.seq,
        account: name("account", &line.account)?,
        source: name("source", &line.source)?,
        readings: line.readings,
        repeats: line.repeats,
        payload: payload.to_owned(),
        context: line.context.map(|context| context.get().to_owned()),
        snapshot: RawSnapshot {
            vin: line.vin.parse().map_err(|_| LineError::Vin("`vin`"))?,
            origin: line.origin,
            requested_at: line.requested_at.map(|at| time("requested_at", at)).transpose()?,
            sent_at: None,
            received_at: time("received_at", line.received_at)?,
            readings: Vec::new(),
        },
    };
    let content = entry
        .from()
        .content(&entry.snapshot, line.seq, line.readings, line.repeats, payload);
    let content = Content {
        context: entry.context.as_deref(),
        ..content
    };
    if line.checksum != format!("{:08x}", content.checksum()) {
        return Err(LineError::Checksum);
    }
    let raw = payload::raw(payload).map_err(LineError::Payload)?;
    entry.snapshot.sent_at = raw.sent;
    let readings = raw
        .readings
        .into_iter()
        .map(|Item(descriptor, body, _)| RawReading {
            descriptor: descriptor.into_owned(),
            body: body.to_owned(),
        });
    entry.snapshot.readings = readings.collect();
    Ok(entry)
}

fn name(key: &'static str, text: &str) -> Result<String, LineError> {
    let fits = !text.is_empty() && text.len() <= 500 && !text.contains(char::is_control);
    fits.then(|| text.to_owned()).ok_or(LineError::Name(key))
}

/// 2000-01-01 and 2200-01-01 in milliseconds.
const TIMES: std::ops::Range<i64> = 946_684_800_000..7_258_118_400_000;

fn time(key: &'static str, at: Timestamp) -> Result<Timestamp, LineError> {
    let whole = at.subsec_nanosecond() % 1_000_000 == 0;
    (whole && TIMES.contains(&at.as_millisecond()))
        .then_some(at)
        .ok_or(LineError::Time(key))
}

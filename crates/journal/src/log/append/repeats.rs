//! When two readings of one series are one observation.
//!
//! Their values are the same, and so are their stamps. A message gives its stamps in whole seconds, a poll in
//! milliseconds: a stamp of a whole second names every moment within it. Whichever comes second is the repeat.

use collector_core::{RawReading, Value};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};
use store::sql::Access;

use super::series::Series;
use crate::Result;
use normalise::body::Body;
use normalise::time;

/// When a value was measured, as exactly as it was said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeasuredAt {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// It was given in whole seconds.
    pub whole_second: bool,
}

impl MeasuredAt {
    pub fn exact(at: i64) -> Self {
        Self {
            at,
            whole_second: false,
        }
    }

    /// The moment of a value that was read at `at` out of `body`.
    pub fn of(body: &Body<'_>, at: i64) -> Self {
        // Where the stamp cannot be read, the moment is that of the arrival.
        let in_whole_seconds = |text: &str| time::is_in_whole_seconds(text) && time::parse(text).is_some();
        let whole_second = at % 1_000 == 0 && body.timestamp().is_some_and(|text| in_whole_seconds(&text));
        Self { at, whole_second }
    }

    pub(crate) fn second(self) -> i64 {
        self.at - self.at.rem_euclid(1_000)
    }
}

/// The occurrence of a value that is in the log for the first time, counted from 0; `None` where it was there
/// before. It is remembered from now on.
pub(super) fn remember(
    connection: &Connection,
    series: &Series,
    measured: MeasuredAt,
    hash: i64,
) -> Result<Option<u32>> {
    let occurrence = match series.latest {
        Some(latest) if latest.at >= measured.second() => {
            if latest.at == measured.at && series.last_hash == Some(hash) {
                return Ok(None);
            }
            match look(connection, series.id, measured, hash)? {
                Some(occurrence) => occurrence,
                None => return Ok(None),
            }
        }
        // Nothing was ever measured in this second, or later.
        _ => 0,
    };
    Ok(insert(connection, series.id, measured, hash)?.then_some(occurrence))
}

/// How many values were measured at this moment; `None` where this is one of them.
fn look(connection: &Connection, series_id: i64, measured: MeasuredAt, hash: i64) -> Result<Option<u32>> {
    let second = measured.second();
    let mut statement = connection.prepare_cached(
        "select measured_at, hash, whole_second from seen
         where series_id = ?1 and measured_at between ?2 and ?3",
    )?;
    let mut rows = statement.query([series_id, second, second + 999])?;
    let mut occurrence = 0;
    while let Some(row) = rows.next()? {
        let (at, other): (i64, i64) = (row.get(0)?, row.get(1)?);
        let is_whole_second = row.get::<_, Option<bool>>(2)?.unwrap_or(false);
        let is_one = at == measured.at || measured.whole_second || is_whole_second;
        if is_one && other == hash {
            return Ok(None);
        }
        occurrence += u32::from(at == measured.at);
    }
    Ok(Some(occurrence))
}

/// Whether it was not there yet.
pub(super) fn insert(
    connection: &Connection,
    series_id: i64,
    measured: MeasuredAt,
    hash: i64,
) -> Result<bool> {
    let inserted = connection.run(
        "insert into seen (series_id, measured_at, hash, whole_second) values (?1, ?2, ?3, ?4)
         on conflict do nothing",
        params![series_id, measured.at, hash, measured.whole_second],
    )?;
    Ok(inserted > 0)
}

/// Whether a value differs from the one that was there at this time: of values stamped by the call only changes
/// are news. One that arrives late is held against what was measured before it.
pub(super) fn differs(connection: &Connection, series: &Series, at: i64, hash: i64) -> Result<bool> {
    match series.latest {
        None => return Ok(true),
        Some(latest) if latest.at <= at => return Ok(series.last_hash != Some(hash)),
        Some(_) => {}
    }
    let mut same = connection.prepare_cached(
        "select 1 from seen where series_id = ?1 and hash = ?3
             and measured_at = (select max(measured_at) from seen where series_id = ?1 and measured_at <= ?2)",
    )?;
    Ok(!same.exists([series.id, at, hash])?)
}

/// What makes two values the same: the value itself, so that `"74"` of a poll and `74` of a message are one.
pub(crate) fn identity(value: &Value) -> String {
    match value {
        // There is one zero, whatever its sign.
        Value::Number(number) => format!("{}:{}", value.value_type(), number + 0.0),
        _ => format!("{}:{value}", value.value_type()),
    }
}

/// What makes two misfits the same: everything, but for the stamp where BMW stamps every call. A mistake of
/// ours may have made it a misfit, so nothing of it may be lost.
pub(crate) fn misfit_identity(reading: &RawReading, request_stamped: bool) -> String {
    match Body::parse(reading.body.get()) {
        Some(body) if request_stamped => format!("misfit {:?} {:?}", body.value(), body.unit()),
        _ => format!("misfit {}", reading.body.get()),
    }
}

/// On disk for ever, hence of a fixed algorithm. 64 bits: what is compared by it is little, such as the values of one
/// descriptor of one vehicle.
pub(in crate::log) fn hash(bytes: &[u8]) -> i64 {
    let mut first = [0; 8];
    first.copy_from_slice(&Sha256::digest(bytes)[..8]);
    i64::from_be_bytes(first)
}

//! The newest number that was ever given, as far as it can be believed: the log goes on behind it.

use rusqlite::Connection;
use store::sql::{Access, Damage as _};

use super::fold::told;
use crate::Result;
use crate::log::feeds::Feeds;
use crate::log::scan::{COLUMNS, stored};

/// Behind every number that was ever given: microseconds since the epoch in the year 2200.
pub(super) const BEYOND: u64 = 7_258_118_400_000_000;
/// Entries that cannot be believed are no more than so many at a stretch. They keep their numbers; what claims one that is
/// further away has another than it was given, from which nothing may go on.
const ASTRAY: u64 = 1 << 20;

/// The number of the newest entry that there ever was, 0 for an empty log. Where it is lost, it is known that it was there
/// once it was folded. What is folded tells it also where gaps and blocks cannot be read.
///
/// # Errors
/// It cannot be told: what would come next might get a number that is another's.
pub(crate) fn newest(of: &impl Access) -> Result<u64> {
    let connection = of.connection();
    let folded = told(of)?;
    let mut newest = folded.unwrap_or(0);
    for query in [
        "select coalesce(max(last_seq), 0) from gap where last_seq < ?1",
        "select coalesce((select last_seq from packed where last_seq < ?1 order by first_seq desc limit 1), 0)",
    ] {
        let mut query = connection.prepare_cached(query)?;
        match query.query_row([BEYOND], |row| row.get(0)) {
            Ok(number) => newest = newest.max(number),
            Err(error) if error.is_damage() && folded.is_some() => {}
            Err(error) => return Err(error.into()),
        }
    }
    newest_behind(connection, newest)
}

/// The same, where it is known to be `known` or greater.
pub(crate) fn newest_behind(connection: &Connection, known: u64) -> Result<u64> {
    let query = format!("select {COLUMNS} from log where seq > ?1 order by seq desc");
    let mut statement = connection.prepare_cached(&query)?;
    let mut rows = statement.query([known])?;
    let (mut newest, mut suspects, mut feeds) = (known, Vec::new(), Feeds::default());
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            Err(error) if error.is_damage() && !suspects.is_empty() => break,
            Err(error) => return Err(error.into()),
        };
        let Ok(seq) = row.get::<_, u64>(0) else {
            continue;
        };
        if stored(connection, &mut feeds, row, seq)?.is_ok() {
            newest = newest.max(seq);
            break;
        }
        suspects.push(seq);
    }
    let is_near = |seq: &u64| seq.saturating_sub(newest) <= ASTRAY;
    Ok(suspects.into_iter().filter(is_near).fold(newest, u64::max))
}

//! Before a replay that takes the place of what the sink holds: the journal must have all of it, and the sink erases it.

use std::time::Duration;

use collector_core::{Entry, Scope, Select, Sink, SinkError};
use jiff::Timestamp;
use journal::log::missing::Missing;
use journal::log::replay::Replay;
use journal::{Journal, JournalError, Read, Reader};

use super::Problem;
use crate::{Worker, within};

/// So many readings of a journal are looked at for when it begins.
const FIRST: usize = 5_000;

/// How long a sink may take: it may go through years of rows on a slow card.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Erases what the replay is about to deliver. Nothing else is delivered between that and its note: a crash there has
/// the sink erase again, with what it was given meanwhile, and the replay covers that too.
pub async fn erase(
    worker: &Worker,
    sink: &mut dyn Sink,
    replay: &Replay,
    selection: Select,
) -> Result<(), Problem> {
    let request = &replay.request;
    let lack = lacks(&worker.journal, &worker.reader, worker.cursor, request.since).await?;
    if let Some(lack) = lack {
        return Err(Problem::Lacking(format!("nothing was removed: {lack}")));
    }
    let selects = vec![worker.select.clone(), selection];
    let known = worker.reader.vehicles().await?.into_iter();
    let known = known.map(|(vehicle, _)| vehicle).collect();
    let begins = begins(&worker.reader).await?;
    let scope = Scope::new(selects, request.since, request.until).of_journal(known, begins);
    match within(LIMIT.max(worker.retry.timeout), sink.erase(&scope)).await {
        // That it cannot remove does not keep it from taking what is live.
        Err(SinkError::Misconfigured { reason }) => return Err(Problem::Unerasable(reason)),
        erased => erased?,
    }
    match worker.journal.note_erased(replay.id, worker.clock.now()).await? {
        Some(_) => {
            tracing::info!(sink = %worker.name, replay = replay.id, "the sink has removed what the replay brings anew")
        }
        None => {
            tracing::error!(sink = %worker.name, replay = replay.id, "the replay was cancelled while the sink removed what it was to bring anew: another replay brings it back")
        }
    }
    Ok(())
}

/// Something that a sink may hold and the journal does not.
struct Hole {
    what: String,
    /// Everything in it came up to this moment; `None` where nobody knows.
    until: Option<Timestamp>,
}

/// What the journal lacks of what was measured at `since` or later, up to entry `up_to`, and what to do; `None` where it
/// lacks nothing. Reads all of it.
///
/// # Errors
/// It cannot be read.
pub async fn lacks(
    journal: &Journal,
    reader: &Reader,
    up_to: u64,
    since: Option<Timestamp>,
) -> Result<Option<String>, JournalError> {
    let holes = holes(reader, journal.missing(up_to).await?).await?;
    // Nothing is measured after it came.
    let is_meant = |hole: &&Hole| since.is_none_or(|since| hole.until.is_none_or(|until| since < until));
    let Some(first) = holes.iter().find(is_meant) else {
        return Ok(None);
    };
    let more = match holes.iter().filter(is_meant).count() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let until: Option<Vec<_>> = holes.iter().map(|hole| hole.until).collect();
    let behind = until.and_then(|until| {
        let last = until.into_iter().max()?;
        // A moment that can be written in whole seconds.
        Timestamp::from_second(last.as_second() + i64::from(last.subsec_nanosecond() > 0)).ok()
    });
    let otherwise = behind.map_or(String::new(), |behind| {
        format!(", or say --since {behind} or later")
    });
    Ok(Some(format!(
        "the journal cannot bring back all that the sink may hold: {}{more}. Bring it back with `cardata journal import` \
         of an export that has it{otherwise}",
        first.what
    )))
}

async fn holes(reader: &Reader, missing: Missing) -> Result<Vec<Hole>, JournalError> {
    let mut holes = Vec::new();
    if let Some(forgotten) = missing.forgotten {
        let until = match forgotten.received_until {
            None => came_behind(reader, forgotten.last).await?,
            known => known,
        };
        let last = until.map_or(format!("entry {}", forgotten.last), |until| format!("{until:.0}"));
        let what = format!("what came up to {last} is forgotten (`journal.keep`)");
        holes.push(Hole { what, until });
    }
    for damage in missing.damaged {
        let until = came_behind(reader, damage.last).await?;
        let what = format!("it is damaged, which `cardata journal verify` shows: {damage}");
        holes.push(Hole { what, until });
    }
    for numbers in missing.left_out {
        let (first, last) = numbers.into_inner();
        let until = came_behind(reader, last).await?;
        let what = format!("entries {first} to {last} came after the backup that was restored");
        holes.push(Hole { what, until });
    }
    Ok(holes)
}

/// When the earliest of the first entries was received: several accounts may be stored in another order than they came.
async fn begins(reader: &Reader) -> Result<Option<Timestamp>, JournalError> {
    let batch = reader.read(&"replay".into(), 0, FIRST).await?;
    let entries = batch.iter().flat_map(|batch| batch.entries.iter());
    let received = entries
        .filter_map(Entry::snapshot)
        .map(|snapshot| snapshot.received_at);
    Ok(received.min())
}

/// When the first came that is behind this one and can be read.
async fn came_behind(reader: &Reader, seq: u64) -> Result<Option<Timestamp>, JournalError> {
    let batch = reader.read(&"replay".into(), seq, 1).await?;
    let first = batch.and_then(|batch| batch.entries.iter().find_map(Entry::snapshot).cloned());
    Ok(first.map(|snapshot| snapshot.received_at))
}

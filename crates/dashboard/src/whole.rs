//! Every reading of a series, of which a reader tells so many at once.

use collector_core::Vin;
use history::read::{Range, ReadError, Reader, Series, Told};
use jiff::{SignedDuration, Timestamp};

/// The most that a reader tells.
const AT_ONCE: usize = 2_000;

/// At least all that was told in `range`, unless it is more than `most`: then the oldest of it. `None` where the vehicle
/// does not tell by that descriptor.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn whole(
    reader: &Reader,
    vin: &Vin,
    descriptor: &str,
    range: Range,
    most: usize,
) -> Result<Option<Series>, ReadError> {
    let read = |range| reader.series(vin, descriptor, range, AT_ONCE);
    let Some(mut series) = read(range)? else {
        return Ok(None);
    };
    if is_all(&series.told) {
        return Ok(Some(series));
    }
    // The oldest half is on top.
    let mut left = halves(range);
    let mut all: Option<Told> = None;
    while let Some(range) = left.pop() {
        let Some(part) = read(range)? else { continue };
        if !is_all(&part.told) && range.from + SignedDuration::from_millis(1) < range.to {
            left.extend(halves(range));
            continue;
        }
        let joined = match all.take() {
            Some(all) => join(all, part.told),
            None => part.told,
        };
        let is_enough = count(&joined) >= most;
        all = Some(joined);
        if is_enough {
            break;
        }
    }
    series.told = all.unwrap_or(series.told);
    Ok(Some(series))
}

fn is_all(told: &Told) -> bool {
    match told {
        Told::Readings { .. } => true,
        Told::Parts { .. } => false,
        Told::Changes { is_thinned, .. } => !is_thinned,
    }
}

/// The later one first.
fn halves(range: Range) -> Vec<Range> {
    let [from, to] = [range.from, range.to].map(Timestamp::as_millisecond);
    let Ok(middle) = Timestamp::from_millisecond(from + (to - from) / 2) else {
        return Vec::new();
    };
    let (early, late) = (
        Range { to: middle, ..range },
        Range {
            from: middle,
            ..range
        },
    );
    vec![late, early]
}

fn count(told: &Told) -> usize {
    match told {
        Told::Readings { points, ends } => points.len() + ends.len(),
        Told::Parts { points, .. } => points.len(),
        Told::Changes { changes, .. } => changes.len(),
    }
}

/// What cannot be told apart within a millisecond is left out.
fn join(mut all: Told, next: Told) -> Told {
    match (&mut all, next) {
        (
            Told::Readings { points, ends },
            Told::Readings {
                points: more,
                ends: others,
            },
        ) => {
            points.extend(more);
            ends.extend(others);
        }
        (Told::Changes { changes, .. }, Told::Changes { changes: more, .. }) => {
            for change in more {
                if changes.last().is_none_or(|last| last.value != change.value) {
                    changes.push(change);
                }
            }
        }
        _ => {}
    }
    all
}

//! What the stores must hold, from what BMW served: an independent reading of the rules, for the container
//! `battery`.

use std::collections::{HashMap, HashSet};
use std::fmt;

use cardata_sim::Served;
use jiff::Timestamp;

/// One value in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    pub vin: String,
    pub descriptor: String,
    /// Milliseconds since the epoch.
    pub at: i64,
    /// See [`canonical`].
    pub value: String,
}

/// Keys that BMW stamps with the time of the call: only a value other than that of the answer before it is news,
/// whatever messages said in between, and whether or not there was none for a while.
const STAMPED_BY_THE_CALL: [&str; 5] = [
    "vehicle.drivetrain.electricEngine.charging.hvStatus",
    "vehicle.drivetrain.electricEngine.charging.lastChargingReason",
    "vehicle.drivetrain.electricEngine.charging.lastChargingResult",
    "vehicle.drivetrain.electricEngine.charging.level",
    "vehicle.drivetrain.electricEngine.remainingElectricRange",
];

/// Words for "no value" that the car uses.
const NO_VALUE: [&str; 5] = ["", "-NA-", "INVALID", "UNKNOWN", "SIGNAL_INVALID"];

/// A battery of no size is none: cars tell it so.
fn is_no_value(entry: &Served, value: &str) -> bool {
    NO_VALUE.contains(&value) || (entry.descriptor.ends_with(".batterySizeMax") && value == "0")
}

/// Numbers in one spelling, everything else as it is.
pub fn canonical(text: &str) -> String {
    text.parse::<f64>()
        .map_or_else(|_| text.to_owned(), |number| number.to_string())
}

/// The answers to polls, in order: BMW's entries of one moment.
pub fn answers(served: &[Served]) -> Vec<&[Served]> {
    served.chunk_by(|a, b| a.at == b.at && a.vin == b.vin).collect()
}

/// What must be stored of these answers, each row once.
pub fn expected<'a>(answers: impl IntoIterator<Item = &'a [Served]>) -> Vec<Row> {
    let mut last = HashMap::new();
    let mut seen = HashSet::new();
    let mut rows = Vec::new();
    for entry in answers.into_iter().flatten() {
        let value = entry.value.as_deref();
        let Some(value) = value.filter(|value| !is_no_value(entry, value)) else {
            continue;
        };
        let before = last.insert((&entry.vin, &entry.descriptor), value);
        let stamped_by_the_call = STAMPED_BY_THE_CALL.contains(&entry.descriptor.as_str());
        if stamped_by_the_call && before == Some(value) {
            continue;
        }
        let at: Timestamp = entry
            .timestamp
            .as_deref()
            .expect("values have times")
            .parse()
            .unwrap();
        let row = Row {
            vin: entry.vin.clone(),
            descriptor: entry.descriptor.clone(),
            at: at.as_millisecond(),
            value: canonical(value),
        };
        if seen.insert(row.clone()) {
            rows.push(row);
        }
    }
    rows
}

/// What must be stored of everything that BMW served.
pub fn expected_of_all(served: &[Served]) -> Vec<Row> {
    expected(answers(served))
}

/// How a store differs from what it should hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Rows that are not there, or not as often as they should be.
    pub missing: Vec<Row>,
    /// Rows that are there more often than they should be.
    pub twice: Vec<Row>,
    /// Rows that should not be there at all.
    pub invented: Vec<Row>,
}

/// Compares what a store holds with what it should hold, how often each row is there included.
pub fn compare(found: &[Row], wanted: &[Row]) -> Difference {
    let mut counts: HashMap<&Row, (usize, usize)> = HashMap::new();
    for row in wanted {
        counts.entry(row).or_default().0 += 1;
    }
    for row in found {
        counts.entry(row).or_default().1 += 1;
    }
    let mut difference = Difference::default();
    for (row, (wanted, found)) in counts {
        let list = match (wanted, found) {
            (0, _) => &mut difference.invented,
            (wanted, found) if found < wanted => &mut difference.missing,
            _ => &mut difference.twice,
        };
        list.extend(std::iter::repeat_n(row.clone(), found.abs_diff(wanted)));
    }
    for list in [
        &mut difference.missing,
        &mut difference.twice,
        &mut difference.invented,
    ] {
        list.sort();
    }
    difference
}

impl Difference {
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Each kind of difference with its first rows.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            missing,
            twice,
            invented,
        } = self;
        for (words, rows) in [("missing", missing), ("twice", twice), ("never served", invented)] {
            writeln!(f, "{} {words} {:#?}", rows.len(), &rows[..rows.len().min(5)])?;
        }
        Ok(())
    }
}

/// Holds a store against the oracle: every row once, no other row.
pub fn assert_exactly(store: &str, found: Vec<Row>, wanted: Vec<Row>) {
    assert!(!wanted.is_empty(), "nothing was served: the test tests nothing");
    let difference = compare(&found, &wanted);
    assert!(
        difference.is_none(),
        "{store} has {} rows and should have {}:\n{difference}",
        found.len(),
        wanted.len(),
    );
}

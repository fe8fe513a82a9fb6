//! What the stores must hold, from what BMW served: an independent reading of the rules, for the container
//! `battery`.

use std::collections::{HashMap, HashSet};

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

/// Keys that BMW stamps with the time of the call: only a value other than the one before it is news,
/// whether or not there was none for a while between the two.
const STAMPED_BY_THE_CALL: [&str; 5] = [
    "vehicle.drivetrain.electricEngine.charging.hvStatus",
    "vehicle.drivetrain.electricEngine.charging.lastChargingReason",
    "vehicle.drivetrain.electricEngine.charging.lastChargingResult",
    "vehicle.drivetrain.electricEngine.charging.level",
    "vehicle.drivetrain.electricEngine.remainingElectricRange",
];

/// Words for "no value" that the car uses.
const NO_VALUE: [&str; 5] = ["", "-NA-", "INVALID", "UNKNOWN", "SIGNAL_INVALID"];

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
        let Some(value) = entry.value.as_deref().filter(|value| !NO_VALUE.contains(value)) else {
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

/// Holds a store against the oracle: every row once, no other row.
pub fn assert_exactly(store: &str, mut found: Vec<Row>, mut wanted: Vec<Row>) {
    assert!(!wanted.is_empty(), "nothing was served: the test tests nothing");
    found.sort();
    wanted.sort();
    if found == wanted {
        return;
    }
    let twice: Vec<_> = found
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| &pair[0])
        .collect();
    let (have, want): (HashSet<_>, HashSet<_>) = (found.iter().collect(), wanted.iter().collect());
    let missing: Vec<_> = wanted.iter().filter(|row| !have.contains(row)).collect();
    let invented: Vec<_> = found.iter().filter(|row| !want.contains(row)).collect();
    panic!(
        "{store} has {} rows and should have {}:\n{} missing {:#?}\n{} twice {:#?}\n{} never served {:#?}",
        found.len(),
        wanted.len(),
        missing.len(),
        missing.iter().take(5).collect::<Vec<_>>(),
        twice.len(),
        twice.iter().take(5).collect::<Vec<_>>(),
        invented.len(),
        invented.iter().take(5).collect::<Vec<_>>(),
    );
}

//! The rows of CSV files, read back with the library that the world reads them with.

use std::path::Path;
use std::sync::LazyLock;

use collector_core::{Reading, SinkConfig, Value, ValueType};
use sink_csv::fuzzing::{encode, plain, text};
use sink_csv::{CsvConfig, Decimal, Layout};
use tempfile::TempDir;

use crate::sheet::Sheet;
use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "csv_rows",
    places: &[
        "boolean",
        "decimal comma",
        "long",
        "number",
        "text",
        "time",
        "wide",
    ],
    run,
};

/// Empty: encoding looks for files and makes none.
static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a temporary folder"));
/// The columns of a wide file before those of descriptors.
const FIXED: usize = 4;

/// A file as a reader sees it.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn run(input: &[u8], reached: &mut Reached) {
    let Some(sheet) = Sheet::of(input) else { return };
    let Some(config) = config(&sheet) else { return };
    let files = encode(&config, FOLDER.path(), std::slice::from_ref(&sheet.entry)).expect("memory takes all");
    let tables: Vec<_> = files
        .iter()
        .map(|(name, bytes)| table(&config, name, bytes))
        .collect();
    for reading in sheet.readings() {
        reached.reach(match reading.value {
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "text",
            Value::Timestamp(_) => "time",
        });
    }
    if config.decimal == Decimal::Comma {
        reached.reach("decimal comma");
    }
    let (mut found, mut expected): (Vec<_>, Vec<_>) = match config.layout {
        Layout::Long => {
            reached.reach("long");
            let rows = sheet
                .readings()
                .iter()
                .map(|reading| long(&sheet, &config, reading));
            (
                tables.into_iter().flat_map(|table| table.rows).collect(),
                rows.collect(),
            )
        }
        Layout::Wide => {
            reached.reach("wide");
            let cells = sheet.readings().iter().map(|reading| wide(&config, reading));
            (tables.iter().flat_map(cells_of).collect(), cells.collect())
        }
    };
    found.sort();
    expected.sort();
    if config.layout == Layout::Wide {
        // A row has each value once.
        expected.dedup();
    }
    assert_eq!(found, expected);
}

fn config(sheet: &Sheet<'_>) -> Option<CsvConfig> {
    let either = |index: usize, default: &'static str| match sheet.option(index) {
        "" => default.to_owned(),
        given => given.to_owned(),
    };
    let options = serde_json::json!({
        "dir": "csv", "layout": either(0, "long"), "rotate": either(1, "monthly"),
        "delimiter": either(2, ","), "decimal": either(3, "."), "bom": sheet.option(4) == "bom",
    });
    let config: CsvConfig = serde_json::from_value(options).ok()?;
    config.validate().is_ok().then_some(config)
}

fn table(config: &CsvConfig, name: &str, bytes: &[u8]) -> Table {
    assert!(
        Path::new(name).components().count() == 1 && name.ends_with(".csv"),
        "{name:?} is a file's name"
    );
    assert_eq!(bytes.starts_with(b"\xef\xbb\xbf"), config.bom);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(String::from(config.delimiter).as_bytes()[0])
        .from_reader(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    // Not flexible: a row with more or fewer cells than the header is an error.
    let rows = reader.records().map(|row| row.expect("rows are readable"));
    let mut rows = rows.map(|row| row.iter().map(str::to_owned).collect::<Vec<_>>());
    Table {
        header: rows.next().expect("a header"),
        rows: rows.collect(),
    }
}

/// As a spreadsheet shows a cell: what begins like a formula stands behind an apostrophe.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']);
    if is_formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn cell(config: &CsvConfig, value: &Value) -> String {
    match value {
        Value::Text(words) if config.layout == Layout::Wide => {
            let cell = plain(words);
            let line = words.replace(char::is_control, " ");
            assert_eq!(text(&cell), line, "the apostrophe can be taken away");
            cell
        }
        Value::Text(words) => {
            let cell = harmless(words);
            assert_eq!(text(&cell), &**words, "the apostrophe can be taken away");
            cell
        }
        Value::Number(number) if config.decimal == Decimal::Comma => number.to_string().replace('.', ","),
        Value::Timestamp(time) if config.layout == Layout::Wide => {
            time.strftime("%Y-%m-%d %H:%M:%S").to_string()
        }
        value => value.to_string(),
    }
}

fn long(sheet: &Sheet<'_>, config: &CsvConfig, reading: &Reading) -> Vec<String> {
    let snapshot = sheet.entry.snapshot().expect("a snapshot");
    let occurrence = Some(reading.occurrence).filter(|number| *number > 0);
    vec![
        format!("{:.3}", reading.measured_at),
        harmless(&snapshot.vehicle.name),
        snapshot.vehicle.vin.as_str().to_owned(),
        harmless(reading.descriptor.as_str()),
        cell(config, &reading.value),
        harmless(reading.unit.as_ref().map_or("", |unit| unit.as_str())),
        harmless(&snapshot.source),
        snapshot.origin.to_string(),
        reading.stamp.as_str().to_owned(),
        occurrence.map_or(String::new(), |number| number.to_string()),
    ]
}

fn wide(config: &CsvConfig, reading: &Reading) -> Vec<String> {
    let name = reading.descriptor.name();
    let header = match &reading.unit {
        Some(unit) => format!("{name} [{unit}]"),
        None if reading.descriptor.value_type() == ValueType::Timestamp => format!("{name} [UTC]"),
        None => name.to_owned(),
    };
    let minute = reading.measured_at.strftime("%Y-%m-%d %H:%M:00").to_string();
    vec![minute, harmless(&header), cell(config, &reading.value)]
}

/// Every cell of a descriptor that is not empty, behind the header of its column.
fn cells_of(table: &Table) -> Vec<Vec<String>> {
    let columns = table.header.iter().enumerate().skip(FIXED);
    let cells = columns.flat_map(|(column, header)| {
        let cells = table.rows.iter().map(move |row| (&row[0], &row[column]));
        cells
            .filter(|(_, cell)| !cell.is_empty())
            .map(move |(minute, cell)| vec![minute.clone(), header.clone(), cell.clone()])
    });
    cells.collect()
}

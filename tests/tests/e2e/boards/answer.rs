//! What a store answers to a question of a board, alike for both.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Value as Stored;
use tests::servers::{FieldValue, InfluxDb1, Rows};

/// What says of which row a row is, and is no value to look at.
const LABELS: [&str; 9] = [
    "time", "until", "vehicle", "month", "day", "days", "minutes", "from_ms", "until_ms",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    InfluxDb,
}

impl Store {
    /// Its folder, and the middle of its identifiers.
    pub fn key(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::InfluxDb => "influxdb",
        }
    }

    /// The type of its data source.
    pub fn plugin(self) -> &'static str {
        match self {
            Self::Sqlite => "frser-sqlite-datasource",
            Self::InfluxDb => "influxdb",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Nothing,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Cell {
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Real(number) => Some(*number),
            Self::Nothing | Self::Text(_) => None,
        }
    }
}

/// A table. Of several series of InfluxDB all rows, with the tags as columns.
#[derive(Debug, Default)]
pub struct Answer {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
}

impl Answer {
    pub fn of_sqlite(database: &Connection, question: &str) -> Self {
        let fail = |error: rusqlite::Error| -> ! { panic!("{error}: {question}") };
        let mut statement = database.prepare(question).unwrap_or_else(|error| fail(error));
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let rows = statement.query_map([], |row| {
            let cells = (0..columns.len()).map(|place| Ok(cell(row.get(place)?)));
            cells.collect::<rusqlite::Result<Vec<Cell>>>()
        });
        let rows = rows.unwrap_or_else(|error| fail(error)).collect::<Result<_, _>>();
        let rows = rows.unwrap_or_else(|error| fail(error));
        Self { columns, rows }
    }

    pub async fn of_influxdb(server: &InfluxDb1, database: &str, question: &str) -> Self {
        let mut answer = Self::default();
        for series in server.ask(database, question).await {
            answer.add(series);
        }
        answer
    }

    fn add(&mut self, series: Rows) {
        let tags: Vec<(String, Cell)> = series
            .tags
            .into_iter()
            .map(|(name, value)| (name, Cell::Text(value)))
            .collect();
        let names = series
            .columns
            .into_iter()
            .chain(tags.iter().map(|(name, _)| name.clone()));
        self.columns = names.collect();
        for row in series.values {
            let cells = row.into_iter().map(|value| match value {
                None => Cell::Nothing,
                Some(FieldValue::Bool(truth)) => Cell::Integer(truth.into()),
                Some(FieldValue::Number(number)) => Cell::Real(number),
                Some(FieldValue::Text(text)) => Cell::Text(text),
            });
            self.rows
                .push(cells.chain(tags.iter().map(|(_, tag)| tag.clone())).collect());
        }
    }

    /// Whether there is anything to look at.
    pub fn shows(&self) -> bool {
        let values = |row: &Vec<Cell>| {
            let named = row.iter().zip(&self.columns);
            named
                .filter(|(_, name)| !LABELS.contains(&&***name))
                .any(|(cell, _)| *cell != Cell::Nothing)
        };
        self.rows.iter().any(values)
    }

    pub fn column(&self, name: &str) -> Option<impl Iterator<Item = &Cell>> {
        let place = self.columns.iter().position(|column| column == name)?;
        Some(self.rows.iter().map(move |row| &row[place]))
    }

    /// The texts of the only column that has any.
    pub fn texts(&self) -> Vec<String> {
        let cells = self.rows.iter().flatten();
        let texts = cells.filter_map(|cell| match cell {
            Cell::Text(text) => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// Of each car the number in the last row, as a figure shows it.
    pub fn figures(&self) -> BTreeMap<String, f64> {
        let value = self
            .columns
            .iter()
            .position(|name| !LABELS.contains(&&**name))
            .unwrap();
        let vehicles = self.column("vehicle").unwrap();
        let figures = vehicles
            .zip(&self.rows)
            .filter_map(|(vehicle, row)| match vehicle {
                Cell::Text(vehicle) => Some((vehicle.clone(), row[value].number()?)),
                _ => None,
            });
        figures.collect()
    }

    /// Holds what the plugin of SQLite asks of a result: a column keeps the type of its first value, so whole numbers before
    /// others would be cut; series come in the order of time, with what tells them apart as a text.
    pub fn assert_fits_plugin(&self, is_series: bool, question: &str) {
        for name in &self.columns {
            let cells: Vec<&Cell> = self.column(name).unwrap().collect();
            let first = cells.iter().find(|cell| ***cell != Cell::Nothing);
            let has_others = |is_other: fn(&Cell) -> bool| cells.iter().any(|cell| is_other(cell));
            let is_cut = match first {
                Some(Cell::Integer(_)) => has_others(|cell| matches!(cell, Cell::Real(_) | Cell::Text(_))),
                Some(Cell::Real(_)) => has_others(|cell| matches!(cell, Cell::Text(_))),
                _ => false,
            };
            assert!(!is_cut, "the column {name} changes its type: {question}");
        }
        if !is_series {
            return;
        }
        let times: Vec<f64> = self
            .column("time")
            .unwrap_or_else(|| panic!("no time: {question}"))
            .map(|cell| {
                cell.number()
                    .unwrap_or_else(|| panic!("no time in a row: {question}"))
            })
            .collect();
        assert!(times.is_sorted(), "not in the order of time: {question}");
        let mut vehicles = self
            .column("vehicle")
            .unwrap_or_else(|| panic!("no vehicle: {question}"));
        assert!(vehicles.all(|cell| matches!(cell, Cell::Text(_))), "{question}");
    }
}

fn cell(stored: Stored) -> Cell {
    match stored {
        Stored::Null => Cell::Nothing,
        Stored::Integer(number) => Cell::Integer(number),
        Stored::Real(number) => Cell::Real(number),
        Stored::Text(text) => Cell::Text(text),
        Stored::Blob(_) => panic!("a board asks for bytes"),
    }
}

//! A table of a page as a file: `?csv=` and its name, with what else the address of the page says.

use askama::Template;
use axum::extract::{Query, Request};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use tokio::task_local;

use super::{Page, shown};
use crate::csv::{self, Row, guarded};
use crate::problem::Problem;
use crate::view::parts::{Cell, Table};
use crate::view::tables::Tables;
use crate::view::texts;

task_local! {
    /// The name of the table that the request at hand wants.
    static WANTED: String;
}

#[derive(Deserialize)]
struct Asked {
    csv: String,
}

/// Around the pages: who wants a table gets it instead of its page.
pub(crate) async fn give_files(request: Request, next: Next) -> Response {
    match Query::<Asked>::try_from_uri(request.uri()) {
        Ok(Query(asked)) => WANTED.scope(asked.csv, next.run(request)).await,
        Err(_) => next.run(request).await,
    }
}

/// A page, or the table of it that is wanted.
pub(super) fn with_tables<View: Template + Tables>(view: &View) -> Page {
    let Ok(wanted) = WANTED.try_with(Clone::clone) else {
        return shown(view);
    };
    let tables = view.tables();
    let table = tables.iter().find(|(name, _)| *name == wanted);
    let (_, table) = table.ok_or_else(|| Problem::not_found("the page has no such table"))?;
    csv::answer(&wanted.replace('-', "_"), &rows(table))
}

/// The table as it is shown, numbers of one unit as such with the unit in the head, notes beside what they are of.
fn rows(table: &Table) -> Vec<Row> {
    let mut columns: Vec<Row> = Vec::new();
    for (place, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(place)).collect();
        let numbers = column.is_number.then(|| numbers(&cells)).flatten();
        let (head, told) = match numbers {
            Some((unit, numbers)) if !unit.is_empty() => (format!("{} ({unit})", column.label), numbers),
            Some((_, numbers)) => (column.label.clone(), numbers),
            None => (
                column.label.clone(),
                cells.iter().map(|cell| text(cell)).collect(),
            ),
        };
        columns.push([guarded(&head)].into_iter().chain(told).collect());
        if cells.iter().any(|cell| !cell.note.is_empty()) {
            let head = format!("{}, {}", column.label, texts::t("table.note"));
            let notes = cells.iter().map(|cell| guarded(&cell.note));
            columns.push([guarded(&head)].into_iter().chain(notes).collect());
        }
    }
    let row = |place| {
        columns
            .iter()
            .filter_map(|column| column.get(place).cloned())
            .collect()
    };
    (0..=table.rows.len()).map(row).collect()
}

fn is_unknown(cell: &Cell) -> bool {
    ["", super::cells::UNKNOWN].contains(&&*cell.text)
}

fn text(cell: &Cell) -> String {
    match &cell.at {
        Some(at) => at.iso.clone(),
        None if is_unknown(cell) => String::new(),
        None => guarded(&cell.text),
    }
}

/// The numbers of a column with their unit; `None` where one of them is none, or has another unit.
fn numbers<'a>(cells: &[&'a Cell]) -> Option<(&'a str, Vec<String>)> {
    let mut units = cells
        .iter()
        .filter(|cell| !is_unknown(cell))
        .map(|cell| unit(cell));
    let first = units.next()??;
    if !units.all(|unit| unit == Some(first)) {
        return None;
    }
    Some((first, cells.iter().map(|cell| number(cell)).collect()))
}

fn unit(cell: &Cell) -> Option<&str> {
    let (number, unit) = cell.text.split_once(' ').unwrap_or((&cell.text, ""));
    number.parse::<f64>().ok().map(|_| unit)
}

/// As exact as it is known, where what the column sorts by is what is shown.
fn number(cell: &Cell) -> String {
    if is_unknown(cell) {
        return String::new();
    }
    let shown = cell.text.split(' ').next().unwrap_or_default();
    let decimals = shown.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let exact = cell.sort.parse::<f64>().ok();
    let exact = exact.filter(|exact| format!("{exact:.decimals$}") == shown);
    // What adding has left behind the last figure says nothing.
    let millionths = |exact: f64| ((exact * 1e6).round() / 1e6).to_string();
    exact.map_or_else(|| shown.to_owned(), millionths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::parts::Column;

    #[test]
    fn a_table_is_told_as_it_is_shown_with_its_units_and_notes() {
        let noted = Cell {
            note: "known of 1 of 2".to_owned(),
            ..Cell::sorted("1.2 kWh", 1.234_000_000_1)
        };
        let table = Table {
            columns: vec![
                Column::text("Place"),
                Column::number("Energy"),
                Column::number("Way"),
                Column::number("Cost"),
                Column::number("Count"),
            ],
            rows: vec![
                vec![
                    Cell::text("=Home"),
                    noted,
                    // In miles, sorted by kilometres.
                    Cell::sorted("10 mi", 16.1),
                    Cell::text("1.00 EUR + 2.00 CHF"),
                    Cell::text("3"),
                ],
                vec![
                    Cell::text("–"),
                    Cell::text("–"),
                    Cell::sorted("20 mi", 32.2),
                    Cell::text("5.00 EUR"),
                    Cell::text("4"),
                ],
            ],
            ..Table::default()
        };
        assert_eq!(
            rows(&table),
            [
                [
                    "Place",
                    "Energy (kWh)",
                    "Energy, note",
                    "Way (mi)",
                    "Cost",
                    "Count"
                ],
                [
                    "'=Home",
                    "1.234",
                    "known of 1 of 2",
                    "10",
                    "1.00 EUR + 2.00 CHF",
                    "3"
                ],
                ["", "", "", "20", "5.00 EUR", "4"],
            ]
        );
    }
}

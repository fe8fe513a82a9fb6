//! Text for people: columns, notes, counts and times.

use std::fmt::Display;
use std::sync::OnceLock;

use collector_core::Names;
use collector_core::mask::{cut, readable};
use jiff::Timestamp;

/// Rows as aligned columns under a header, in which ` | ` parts the words.
pub fn table(header: &str, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let header = header.split(" | ").map(str::to_owned).collect();
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    columns(&rows)
}

/// No column is cut to less, in columns of a terminal.
const NARROWEST: usize = 8;

/// The width of the terminal that shows the tables.
static WIDTH: OnceLock<Option<usize>> = OnceLock::new();

/// Holds the tables of this process within the columns of a terminal, by cutting the widest cells; `None`, as at first, is
/// any width. What cuts them has every word in its JSON.
pub fn fit(width: Option<usize>) {
    let _ = WIDTH.set(width);
}

/// Rows as aligned columns.
pub fn columns(rows: &[Vec<String>]) -> String {
    within(rows, WIDTH.get().copied().flatten())
}

fn within(rows: &[Vec<String>], columns: Option<usize>) -> String {
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| readable(cell)).collect())
        .collect();
    let widths = widths(&rows, columns.unwrap_or(usize::MAX));
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let cell = match cell.chars().count() > *width {
                true => cut(cell, width - 1),
                false => cell.clone(),
            };
            format!("{cell:<width$}")
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// How wide each column is: the widest lose what does not fit.
fn widths(rows: &[Vec<String>], available: usize) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    while widths.iter().sum::<usize>() + 2 * widths.len() > available {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => break,
        }
    }
    widths
}

/// What stands below a table and needs a look.
pub fn notes(notes: impl IntoIterator<Item = impl Display>) -> String {
    let notes = notes.into_iter().map(|note| note.to_string());
    notes.map(|note| format!("\n  ! {}", readable(&note))).collect()
}

/// What is there, or what stands for it where there is nothing.
pub fn or<T: Display>(there: Option<T>, nothing: &str) -> String {
    there.map_or_else(|| nothing.to_owned(), |there| there.to_string())
}

/// A number and what is counted: `1 sink`, `2 sinks`.
pub fn counted(number: impl Display, thing: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

/// The name of a vehicle: what is shown is often pasted where others read it, who need not know the VIN.
pub fn called(names: &Names, vin: &str) -> String {
    let known = vin.parse().map(|vin| names.of(&vin).to_string());
    known.unwrap_or_else(|_| "unknown".to_owned())
}

/// With a capital letter, as a sentence begins.
pub(crate) fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    match now.as_second() - at.as_second() {
        ..=1 => "just now".to_owned(),
        _ => format!("{} ago", span(at, now)),
    }
}

pub(crate) fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = (to.as_second() - from.as_second()).max(0);
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_has_the_widest_cells_cut() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let rows = [
            row(["sink", "state", "reason"]),
            row(["influxdb", "retrying", "the address does not answer"]),
        ];
        let whole = "  sink      state     reason\n  influxdb  retrying  the address does not answer";
        assert_eq!(within(&rows, None), whole);
        assert_eq!(within(&rows, Some(49)), whole);
        assert_eq!(
            within(&rows, Some(40)),
            "  sink      state     reason\n  influxdb  retrying  the address does …"
        );
        let narrowest = within(&rows, Some(10));
        assert!(
            narrowest.ends_with("  influxdb  retrying  the add…"),
            "{narrowest}"
        );
    }

    #[test]
    fn a_cell_is_one_line_that_can_be_read() {
        let long = "\u{202e}".repeat(1 << 20);
        let text = table("name | state", [vec![long, "a\nb".to_owned()]]);
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with(r"\u202e…  a\nb"), "{}", text.len());
        assert!(text.len() < 20_000);
    }
}

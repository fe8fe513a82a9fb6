//! Text for people: columns, notes, counts and times.

use std::fmt::Display;

use collector_core::Names;
use collector_core::mask::readable;
use jiff::Timestamp;

/// Rows as aligned columns under a header, in which ` | ` parts the words.
pub fn table(header: &str, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let header = header.split(" | ").map(str::to_owned).collect();
    let rows: Vec<_> = [header].into_iter().chain(rows).collect();
    columns(&rows)
}

/// Rows as aligned columns.
pub fn columns(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| readable(cell)).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let lines = rows.iter().map(|row| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"));
        format!("  {}", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    lines.collect::<Vec<_>>().join("\n")
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
    fn a_cell_is_one_line_that_can_be_read() {
        let long = "\u{202e}".repeat(1 << 20);
        let text = table("name | state", [vec![long, "a\nb".to_owned()]]);
        assert_eq!(text.lines().count(), 2);
        assert!(text.ends_with(r"\u202e…  a\nb"), "{}", text.len());
        assert!(text.len() < 20_000);
    }
}

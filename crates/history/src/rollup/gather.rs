//! How rows that lie behind all of `history` get into the roll-ups.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use super::part::{Part, Width};

/// Takes in all rows of a table whose rows lie by series.
pub fn gather(connection: &Connection, table: &str) -> Result<()> {
    let numbers = number_series(connection)?;
    let mut spans = Width::ALL.map(|width| Spans::new(connection, width));
    let sql = format!(
        "SELECT series_id, measured_at, iif(occurrence < 0, NULL, value) FROM {table}
         ORDER BY series_id, measured_at, occurrence"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut is_number = (0, false);
    while let Some(row) = rows.next()? {
        let series = row.get(0)?;
        if is_number.0 != series {
            is_number = (series, numbers.contains(&series));
        }
        if !is_number.1 {
            continue;
        }
        let (moment, value) = (row.get(1)?, row.get(2)?);
        for spans in &mut spans {
            spans.at(series, moment)?.tell(value);
        }
    }
    spans.iter_mut().try_for_each(Spans::keep)
}

fn number_series(connection: &Connection) -> Result<HashSet<i64>> {
    let sql =
        "SELECT series.id FROM series JOIN descriptor ON descriptor.id = descriptor_id WHERE type = 'number'";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Gathers what is told in the order of series and time into spans of one width. What of a span is kept already is what was
/// told before.
pub struct Spans<'a> {
    connection: &'a Connection,
    width: Width,
    /// The series and its span that is being gathered.
    open: Option<(i64, Part)>,
}

impl<'a> Spans<'a> {
    pub fn new(connection: &'a Connection, width: Width) -> Self {
        Self {
            connection,
            width,
            open: None,
        }
    }

    /// The span of a series in which a moment lies.
    pub fn at(&mut self, series: i64, moment: i64) -> Result<&mut Part> {
        let at = self.width.number(moment);
        let open = match self.open.take() {
            Some(open) if open.0 == series && open.1.at == at => open,
            other => {
                self.open = other;
                self.keep()?;
                let known = Part::find(self.connection, self.width, series, at)?;
                (series, known.unwrap_or(Part::empty(at)))
            }
        };
        Ok(&mut self.open.insert(open).1)
    }

    /// The last one too is kept.
    pub fn keep(&mut self) -> Result<()> {
        match self.open.take() {
            Some((series, part)) => part.keep(self.connection, self.width, series),
            None => Ok(()),
        }
    }
}

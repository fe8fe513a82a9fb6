//! How rows that lie behind all of `history` get into the roll-ups.

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use super::part::{Part, Width};

/// Takes in all rows of a table whose rows lie by series.
pub fn gather(connection: &Connection, table: &str) -> Result<()> {
    let numbers = number_series(connection)?;
    let mut parts = Parts::new(connection);
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
        if is_number.1 {
            parts.tell(series, row.get(1)?, row.get(2)?)?;
        }
    }
    parts.finish()?;
    let totals = format!(
        "INSERT INTO rollup_total
         SELECT series_id, count(*), min(measured_at), max(measured_at) FROM {table} WHERE occurrence >= 0
         GROUP BY series_id {ADD}"
    );
    connection.execute(&totals, []).map(drop)
}

/// Behind an `INSERT` of the readings of a series that are more.
pub const ADD: &str = "ON CONFLICT DO UPDATE SET count = count + excluded.count,
    first = min(first, excluded.first), last = max(last, excluded.last)";

fn number_series(connection: &Connection) -> Result<HashSet<i64>> {
    let sql =
        "SELECT series.id FROM series JOIN descriptor ON descriptor.id = descriptor_id WHERE type = 'number'";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// Gathers what is told in the order of series and time into the spans that are there.
pub struct Parts<'a> {
    connection: &'a Connection,
    /// The span of each width that is being gathered, and its series.
    open: [Option<(i64, Part)>; 2],
}

impl<'a> Parts<'a> {
    pub fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            open: [None; 2],
        }
    }

    pub fn tell(&mut self, series: i64, measured_at: i64, value: Option<f64>) -> Result<()> {
        for (width, open) in Width::ALL.into_iter().zip(&mut self.open) {
            let at = measured_at.div_euclid(width.milliseconds());
            match open {
                Some((its, part)) if *its == series && part.at == at => part.tell(value),
                _ => {
                    if let Some((its, part)) = open.take() {
                        part.keep(self.connection, width, its)?;
                    }
                    let known = Part::find(self.connection, width, series, at)?;
                    let mut part = known.unwrap_or(Part::empty(at));
                    part.tell(value);
                    *open = Some((series, part));
                }
            }
        }
        Ok(())
    }

    pub fn finish(self) -> Result<()> {
        for (width, open) in Width::ALL.into_iter().zip(self.open) {
            if let Some((series, part)) = open {
                part.keep(self.connection, width, series)?;
            }
        }
        Ok(())
    }
}

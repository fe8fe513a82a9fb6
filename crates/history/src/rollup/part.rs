//! What is kept of all that a series told in a span of time.

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

use crate::writer::number;

/// How long the spans are, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Hour,
    Day,
}

impl Width {
    pub const ALL: [Self; 2] = [Self::Hour, Self::Day];

    pub fn milliseconds(self) -> i64 {
        match self {
            Self::Hour => 3_600_000,
            Self::Day => 86_400_000,
        }
    }

    /// Of the span in which a moment lies, in milliseconds since 1970.
    pub fn number(self, moment: i64) -> i64 {
        moment.div_euclid(self.milliseconds())
    }

    /// When a span begins.
    pub fn begin(self, number: i64) -> i64 {
        number.saturating_mul(self.milliseconds())
    }

    pub fn table(self) -> &'static str {
        match self {
            Self::Hour => "rollup_hour",
            Self::Day => "rollup_day",
        }
    }
}

/// The smallest, the largest and the last number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Numbers {
    pub min: f64,
    pub max: f64,
    pub last: f64,
}

/// One span of a series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// Its number since 1970.
    pub at: i64,
    /// Of readings.
    pub count: i64,
    /// `None`: only an end was told.
    pub numbers: Option<Numbers>,
    /// An end came behind the last reading.
    pub is_ended: bool,
}

impl Part {
    pub fn empty(at: i64) -> Self {
        Self {
            at,
            count: 0,
            numbers: None,
            is_ended: false,
        }
    }

    /// Takes in what was told behind all that is in it; `None` is an end.
    pub fn tell(&mut self, value: Option<f64>) {
        self.is_ended = value.is_none();
        let Some(value) = value else {
            return;
        };
        self.take(
            1,
            Numbers {
                min: value,
                max: value,
                last: value,
            },
        );
    }

    /// Takes in a later span, or a later piece of the same.
    pub fn follow(&mut self, later: &Self) {
        if later.count == 0 && !later.is_ended {
            return;
        }
        self.is_ended = later.is_ended;
        if let Some(numbers) = later.numbers {
            self.take(later.count, numbers);
        }
    }

    fn take(&mut self, count: i64, later: Numbers) {
        self.count += count;
        self.numbers = Some(match self.numbers {
            Some(known) => Numbers {
                min: known.min.min(later.min),
                max: known.max.max(later.max),
                last: later.last,
            },
            None => later,
        });
    }

    /// From the columns `at, count, min, max, last, ended`.
    pub fn read(row: &Row<'_>) -> Result<Self> {
        let numbers = match row.get::<_, Option<f64>>(2)? {
            Some(min) => Some(Numbers {
                min,
                max: row.get(3)?,
                last: row.get(4)?,
            }),
            None => None,
        };
        Ok(Self {
            at: row.get(0)?,
            count: row.get(1)?,
            numbers,
            is_ended: row.get(5)?,
        })
    }

    pub fn find(connection: &Connection, width: Width, series: i64, at: i64) -> Result<Option<Self>> {
        let table = width.table();
        let sql =
            format!("SELECT at, count, min, max, last, ended FROM {table} WHERE series_id = ?1 AND at = ?2");
        let mut find = connection.prepare_cached(&sql)?;
        find.query_row([series, at], Self::read).optional()
    }

    pub fn keep(&self, connection: &Connection, width: Width, series: i64) -> Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            width.table()
        );
        let one = |pick: fn(Numbers) -> f64| match self.numbers.map(pick) {
            Some(value) => number(value).unwrap_or(Stored::Null),
            None => Stored::Null,
        };
        connection.prepare_cached(&sql)?.execute(params![
            series,
            self.at,
            self.count,
            one(|numbers| numbers.min),
            one(|numbers| numbers.max),
            one(|numbers| numbers.last),
            self.is_ended
        ])?;
        Ok(())
    }
}

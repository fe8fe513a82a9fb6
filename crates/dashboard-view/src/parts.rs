//! The parts that pages are made of: values with their age and origin, tables, choices.

/// How serious something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    #[default]
    Info,
    Good,
    Warn,
    Bad,
}

impl Level {
    /// The class of the style sheet and the name of the icon.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Link {
    pub label: String,
    pub href: String,
}

/// One of several, such as a range of time.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub label: String,
    pub href: String,
    pub is_current: bool,
}

/// A time, as a program, as people and as a passing age tell it.
#[derive(Debug, Clone, Default)]
pub struct Moment {
    /// RFC 3339.
    pub iso: String,
    /// `Mon 2 Mar 2026, 17:05` in the owner's time zone.
    pub text: String,
    /// [`super::texts::age`].
    pub age: String,
}

/// A value with its age and where it comes from.
#[derive(Debug, Clone, Default)]
pub struct Fact {
    /// `<vehicle>/<key>` as events name it; empty where it is not live.
    pub live: String,
    pub label: String,
    /// Without its unit; a dash where nothing is known.
    pub value: String,
    pub unit: String,
    /// Whether the value is a text rather than a number.
    pub is_words: bool,
    /// `76.1 to 78.9 kWh`, `learning, 4 of 10`; empty where nothing is to be added.
    pub interval: String,
    pub at: Option<Moment>,
    /// `measured, stream`, `resolved from …`; empty where the page says it once for all.
    pub origin: String,
    /// The page that says why; empty for what is measured.
    pub why: String,
}

#[derive(Debug, Clone, Default)]
pub struct Table {
    /// Unique on its page, of letters and dashes.
    pub id: &'static str,
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// The same as a file; empty where there is none.
    pub csv: String,
    /// What is said where there is no row.
    pub empty: String,
    /// To the rows before these.
    pub more: Option<Link>,
}

#[derive(Debug, Clone, Default)]
pub struct Column {
    pub label: String,
    pub is_number: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub text: String,
    /// A second, quieter line.
    pub note: String,
    /// What the column sorts by where it is not the text: a number in ASCII.
    pub sort: String,
    pub href: String,
    pub why: String,
    /// Shown as a coloured mark.
    pub level: Option<Level>,
    /// `<vehicle>/<key>` as events name it.
    pub live: String,
    /// Instead of a text.
    pub at: Option<Moment>,
}

impl Fact {
    /// The same with what is to be added.
    pub fn with(self, interval: String) -> Self {
        Self { interval, ..self }
    }
}

impl Table {
    /// Facts as rows, for a file alone: `id` names it, `csv` leads to it.
    pub fn of_facts(id: &'static str, facts: &[Fact], csv: String) -> Self {
        let row = |fact: &Fact| {
            let value = Cell {
                note: fact.interval.clone(),
                ..Cell::text(&fact.value)
            };
            vec![Cell::text(&fact.label), value, Cell::text(&fact.unit)]
        };
        Self {
            id,
            columns: ["column.number", "column.value", "data.unit"]
                .map(|key| Column::text(super::texts::t(key)))
                .into(),
            rows: facts.iter().map(row).collect(),
            csv,
            ..Self::default()
        }
    }

    /// The cells of a row, each with whether its column holds numbers.
    pub fn aligned<'a>(&'a self, row: &'a [Cell]) -> impl Iterator<Item = (&'a Cell, bool)> {
        row.iter()
            .zip(&self.columns)
            .map(|(cell, column)| (cell, column.is_number))
    }
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            text,
            ..Self::default()
        }
    }

    /// Whether it is better broken than kept on one line.
    pub fn is_long(&self) -> bool {
        self.text.chars().count() > 28
    }

    /// A text with what it sorts by.
    pub fn sorted(text: impl Into<String>, sort: impl ToString) -> Self {
        let sort = sort.to_string();
        Self {
            sort,
            ..Self::text(text)
        }
    }
}

impl Column {
    pub fn text(label: impl Into<String>) -> Self {
        let label = label.into();
        Self {
            label,
            is_number: false,
        }
    }

    pub fn number(label: impl Into<String>) -> Self {
        let label = label.into();
        Self {
            label,
            is_number: true,
        }
    }
}

//! One key of a vehicle: what it means, what it tells now, and what it told over time.

use collector_core::Vin;
use collector_core::mask::readable;
use history::read::{Change, KeyRow, Latest, Range, ReadError, Reader, Series, Told as Read};
use jiff::Timestamp;

use crate::cells::{Reading, UNKNOWN, duration, fact};
use crate::held::{self, held};
use crate::position;
use crate::shown;
use crate::view::chart::{Chart, Gap, Series as Line};
use crate::view::frame::segment;
use crate::view::key::{Changes, Told};
use crate::view::parts::{Cell, Column, Fact, Link, Table};
use crate::view::texts;
use crate::{keys, range};

/// Points of its chart, or changes that are looked through.
const POINTS: usize = 600;
const CHANGES: usize = 2_000;
/// The newest that are shown.
const ROWS: usize = 200;

/// What is read of it.
pub struct Key {
    latest: Latest,
    /// How often it is told.
    row: Option<KeyRow>,
    series: Series,
    range: Range,
    /// In which nothing of the vehicle was measured.
    pub silences: Vec<Range>,
}

/// By BMW's identifier or by its short name; `None` where the vehicle has not told it. `is_all`: since it was first told.
///
/// # Errors
/// See [`Reader`].
pub fn read(
    reader: &Reader,
    vin: &Vin,
    key: &str,
    wanted: Range,
    is_all: bool,
) -> Result<Option<Key>, ReadError> {
    let latest = reader.latest(vin)?;
    let by = |name: fn(&Latest) -> &str| latest.iter().find(|one| name(one) == key);
    let Some(latest) = by(|one| &one.descriptor).or_else(|| by(|one| &one.name)) else {
        return Ok(None);
    };
    let rows = reader.keys(vin)?;
    let row = rows.into_iter().find(|row| row.descriptor == latest.descriptor);
    let first = row.as_ref().map(|row| row.first).filter(|_| is_all);
    let range = Range {
        from: first.unwrap_or(wanted.from).min(wanted.to),
        ..wanted
    };
    let points = match latest.value_type {
        collector_core::ValueType::Number => POINTS,
        _ => CHANGES,
    };
    let series = reader.series(vin, &latest.descriptor, range, points)?;
    let silences = reader.silences(vin, range)?;
    Ok(series.map(|series| Key {
        latest: latest.clone(),
        row,
        series,
        range,
        silences,
    }))
}

/// The way to its page from those of the vehicle. None for a name of dots alone, or without a letter: no URL can end so.
pub fn way(descriptor: &str) -> Option<String> {
    let is_step = descriptor.bytes().all(|byte| byte == b'.');
    (!is_step).then(|| format!("key/{}", segment(descriptor)))
}

impl Key {
    /// Of what is shown.
    pub fn range(&self) -> Range {
        self.range
    }

    pub fn is_position(&self) -> bool {
        position::is_told_by(&self.latest)
    }

    /// In BMW's words; where it has none, as it is called.
    pub fn title(&self) -> String {
        let known = catalogue::find(&self.latest.descriptor).map(|known| known.title);
        readable(
            known
                .filter(|title| !title.is_empty())
                .unwrap_or(&self.latest.name),
        )
    }

    /// `mileage · vehicle.vehicle.travelledDistance`.
    pub fn about(&self) -> String {
        let (name, descriptor) = (&self.latest.name, &self.latest.descriptor);
        match name == descriptor {
            true => readable(descriptor),
            false => format!("{} · {}", readable(name), readable(descriptor)),
        }
    }

    /// What BMW's catalogue says of it.
    pub fn notes(&self) -> Vec<String> {
        let Some(known) = catalogue::find(&self.latest.descriptor) else {
            return vec![texts::t("key.unlisted").to_owned()];
        };
        let way = match (known.endpoint_bound, known.streamable) {
            (true, _) => "key.own_call",
            (false, true) => "key.streamable",
            (false, false) => "key.polled",
        };
        let mut notes = vec![texts::t(way).to_owned()];
        if known.request_stamped {
            notes.push(texts::t("key.stamped").to_owned());
        }
        if !known.options.is_empty() {
            notes.push(texts::t("key.words").replace("{words}", &known.options.join(", ")));
        }
        notes
    }

    /// What it tells now, and how often it does.
    pub fn facts(&self, reading: &Reading<'_>, vehicle: &str, is_hidden: bool) -> Vec<Fact> {
        let told = &self.latest.reading;
        let value = reading.fact(texts::t("data.value"), vehicle, &self.latest.name, told);
        let value = match self.latest.ended_at {
            _ if is_hidden => Fact {
                live: String::new(),
                value: texts::t("why.hidden").to_owned(),
                unit: String::new(),
                is_words: true,
                ..value
            },
            Some(at) => Fact {
                interval: texts::t("data.was")
                    .replace("{at}", &reading.moment(at).text)
                    .replace("{value}", &format!("{} {}", value.value, value.unit)),
                value: UNKNOWN.to_owned(),
                unit: String::new(),
                ..value
            },
            None => value,
        };
        let words = |label, value| Fact {
            is_words: true,
            ..fact(label, value, "")
        };
        let unit = catalogue::find(&self.latest.descriptor).and_then(|known| known.unit.clone());
        let row = self.row.iter();
        let often = row.flat_map(|row| {
            let every = row.gap_ms.map(|gap| words("data.cadence", keys::every(gap)));
            let readings = fact("data.readings", row.readings.to_string(), "");
            let first = words("key.first", reading.moment(row.first).text);
            every.into_iter().chain([readings, first])
        });
        let unit = unit.map(|unit| words("key.unit", unit.to_string()));
        let source = words("data.origin", readable(&told.source));
        [value]
            .into_iter()
            .chain(often)
            .chain([source])
            .chain(unit)
            .collect()
    }

    /// The ways to other ranges.
    pub fn choices(&self, current: &str, shows_position: bool) -> Vec<crate::view::parts::Choice> {
        let mut choices = range::choices("", current);
        if self.is_position() && shows_position {
            for choice in &mut choices {
                choice.href = format!("{}&{}", choice.href, position::SHOWN);
            }
        }
        choices
    }

    /// Numbers as a chart, everything else as its changes; where the car is to who asks for it.
    pub fn told(&self, reading: &Reading<'_>, gaps: Vec<Gap>, shows_position: bool) -> Told {
        if self.is_position() && !shows_position {
            return Told::Hidden(Link {
                label: texts::t("why.show").to_owned(),
                href: format!("?{}", position::SHOWN),
            });
        }
        match &self.series.told {
            Read::Changes { changes, is_thinned } => {
                Told::Changes(self.changes(reading, changes, *is_thinned))
            }
            _ => Told::Numbers(Box::new(self.chart(reading, gaps))),
        }
    }

    /// What an address that is shown asks for the position with.
    fn asked(&self) -> String {
        match self.is_position() {
            true => format!("&{}", position::SHOWN),
            false => String::new(),
        }
    }

    /// `series.csv?key=vehicle.x`, from its page.
    fn file(&self, ending: &str) -> String {
        let asked = self.asked();
        format!(
            "../series.{ending}?key={}{asked}",
            segment(&self.latest.descriptor)
        )
    }

    /// Every reading of the range; where it has none, the table that says what held meanwhile, if anything did.
    fn csv(&self, table: &str) -> String {
        let Range { from, to } = self.range;
        let is_silent = match &self.series.told {
            Read::Readings { points, ends } => points.is_empty() && ends.is_empty(),
            Read::Parts { points, .. } => points.is_empty(),
            Read::Changes { changes, .. } => changes.is_empty(),
        };
        let file = match (is_silent, &self.series.before) {
            (true, None) => return String::new(),
            (true, Some(_)) => format!("?csv={table}{}", self.asked()),
            (false, _) => self.file("csv"),
        };
        format!("{file}&from={from:.3}&to={to:.3}")
    }

    fn chart(&self, reading: &Reading<'_>, gaps: Vec<Gap>) -> Chart {
        let units = reading.options.units;
        let parts = held::parts(&self.series, self.range, units);
        let line = held(&self.series, self.range, units);
        let show = |number: f64| {
            let number = collector_core::rounded(number);
            format!("{number} {}", line.unit).trim_end().to_owned()
        };
        let summary = match held::ends(&parts) {
            Some((low, high)) => texts::t("key.summary")
                .replace("{low}", &show(low))
                .replace("{high}", &show(high)),
            None => texts::t("key.nothing").to_owned(),
        };
        let title = self.title();
        let table = Table {
            id: "told-table",
            caption: title.clone(),
            columns: held::columns("column.value"),
            rows: held::rows(reading, &parts, show),
            csv: self.csv("told-table"),
            empty: texts::t("key.nothing").to_owned(),
            ..Table::default()
        };
        let series = Line {
            label: title.clone(),
            unit: readable(&line.unit),
            url: self.file("json"),
            points: line.points,
            parts: line.parts,
            ..Line::default()
        };
        Chart {
            id: "told",
            title,
            summary,
            table,
            from: held::ms(self.range.from),
            to: held::ms(self.range.to),
            series: match parts.is_empty() {
                true => Vec::new(),
                false => vec![series],
            },
            gaps,
            ..Chart::default()
        }
    }

    fn changes(&self, reading: &Reading<'_>, changes: &[Change], is_thinned: bool) -> Changes {
        let before = self.series.before.as_ref().map(|before| &before.value);
        let is_same = |first: &Change| before.is_some() && first.value.as_ref() == before;
        let changes = match changes {
            [first, rest @ ..] if is_same(first) => rest,
            all => all,
        };
        let at = |change: &Change| Timestamp::from_millisecond(change.at_ms).unwrap_or(self.range.to);
        let ends = changes.iter().skip(1).map(at).chain([self.range.to]);
        let mut rows: Vec<_> = changes
            .iter()
            .zip(ends)
            .map(|(change, end)| {
                let value = change.value.as_ref();
                row(
                    Cell::sorted(reading.moment(at(change)).text, change.at_ms),
                    self.value(reading, value),
                    at(change),
                    end,
                )
            })
            .collect();
        let of = rows.len();
        let mut note = String::new();
        if is_thinned {
            note = texts::t("key.thinned").to_owned();
        }
        if let Some(before) = before {
            let end = changes.first().map_or(self.range.to, at);
            let time = Cell::sorted(texts::t("key.before"), self.range.from.as_millisecond());
            rows.insert(
                0,
                row(time, self.value(reading, Some(before)), self.range.from, end),
            );
        }
        rows.reverse();
        if of > ROWS {
            rows.truncate(ROWS);
            let shown = texts::count("data.older", ROWS).replace("{of}", &of.to_string());
            note = format!("{shown} {note}").trim_end().to_owned();
        }
        Changes {
            note,
            table: Table {
                id: "changes",
                caption: texts::t("key.changes").to_owned(),
                columns: ["data.from", "column.value", "data.lasted"]
                    .map(|key| Column::text(texts::t(key)))
                    .into(),
                rows,
                csv: self.csv("changes"),
                empty: texts::t("key.nothing").to_owned(),
                ..Table::default()
            },
        }
    }

    fn value(&self, reading: &Reading<'_>, value: Option<&collector_core::Value>) -> Cell {
        let Some(value) = value else {
            return Cell::text(UNKNOWN);
        };
        let unit = self.series.unit.as_deref().map(collector_core::Unit::other);
        let shown = shown::named(&self.latest.name, value, unit.as_ref(), reading.options);
        Cell::text(format!("{} {}", shown.text, shown.unit).trim_end())
    }
}

fn row(time: Cell, value: Cell, from: Timestamp, to: Timestamp) -> Vec<Cell> {
    let lasted = Cell::sorted(duration(from, to), to.duration_since(from).as_secs());
    vec![time, value, lasted]
}

//! The charge of a vehicle over time, with its charges and with the times in which nothing could come.

use collector_core::resolved::QUANTITIES;
use collector_core::{UnitSystem, Vin};
use history::read::{Range, ReadError, Reader, RecordRow, Series as Read, Told};
use jiff::{SignedDuration, Timestamp};
use status::Status;
use status::gaps::{Cause, of_vehicle};

use crate::cells::{Reading, decimal};
use crate::gaps::cause;
use crate::held::{self, Part, ms};
use crate::view::chart::{Band, BandKind, Chart, Gap, Kind, Series};
use crate::view::parts::Table;
use crate::view::texts;

const POINTS: usize = 600;
const SESSIONS: usize = 1_000;
const GAPS: usize = 200;
/// A charge that began before the range may reach into it.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is read for it.
pub struct Level {
    range: Range,
    series: Option<Read>,
    sessions: Vec<RecordRow>,
    /// In which nothing of the vehicle was measured.
    pub silences: Vec<Range>,
}

/// By the key that tells the charge now, or else by the first of the order that told something in the range. The prediction
/// is none of them.
///
/// # Errors
/// See [`Reader`].
pub fn read(reader: &Reader, vin: &Vin, now_by: Option<&str>, range: Range) -> Result<Level, ReadError> {
    let [ordered @ .., _] = QUANTITIES[0].keys else {
        return Ok(Level {
            range,
            series: None,
            sessions: Vec::new(),
            silences: Vec::new(),
        });
    };
    let now_by = now_by.filter(|key| ordered.contains(key));
    let mut series = None;
    for key in now_by.into_iter().chain(ordered.iter().copied()) {
        series = reader.series(vin, key, range, POINTS)?.filter(tells);
        if series.is_some() {
            break;
        }
    }
    let from = range.from.checked_sub(LONGEST).unwrap_or(range.from);
    let sessions = reader.records("charging_sessions", Some(vin), Range { from, ..range }, SESSIONS)?;
    Ok(Level {
        range,
        series,
        sessions,
        silences: reader.silences(vin, range)?,
    })
}

/// When the charge was told for the first time by any of its keys.
///
/// # Errors
/// See [`Reader`].
pub fn begin(reader: &Reader, vin: &Vin) -> Result<Option<Timestamp>, ReadError> {
    let keys = reader.keys(vin)?;
    let of_it = keys
        .iter()
        .filter(|key| QUANTITIES[0].keys.contains(&key.descriptor.as_str()));
    Ok(of_it.map(|key| key.first).min())
}

fn tells(series: &Read) -> bool {
    let is_empty = match &series.told {
        Told::Readings { points, .. } => points.is_empty(),
        Told::Parts { points, .. } => points.is_empty(),
        Told::Changes { .. } => true,
    };
    !is_empty || series.before.is_some()
}

impl Level {
    /// The figure; empty where nothing was told.
    pub fn chart(&self, reading: &Reading<'_>, title: &str, gaps: Vec<Gap>) -> Chart {
        let (from, to) = (ms(self.range.from), ms(self.range.to));
        let parts = self.parts();
        let bands: Vec<Band> = self.bands(reading).collect();
        let summary = match held::ends(&parts) {
            Some((low, high)) => texts::count("level.summary", bands.len())
                .replace("{low}", &decimal(low, 0))
                .replace("{high}", &decimal(high, 0)),
            None => texts::t("level.nothing").to_owned(),
        };
        let key = self.series.as_ref().map(|series| series.descriptor.as_str());
        let series = Series {
            label: texts::t("level.title").to_owned(),
            unit: "%".to_owned(),
            kind: Kind::Area,
            url: key
                .map(|key| format!("series.json?key={key}"))
                .unwrap_or_default(),
            ..Series::default()
        };
        let series = self.drawn(series);
        Chart {
            id: "level",
            title: title.to_owned(),
            summary,
            table: self.table(reading, &parts, title),
            from,
            to,
            is_whole: true,
            series: if parts.is_empty() {
                Vec::new()
            } else {
                vec![series]
            },
            bands,
            gaps,
            ..Chart::default()
        }
    }

    fn parts(&self) -> Vec<Part> {
        let parts = |series| held::parts(series, self.range, UnitSystem::Metric);
        self.series.as_ref().map(parts).unwrap_or_default()
    }

    fn drawn(&self, series: Series) -> Series {
        let Some(told) = &self.series else {
            return series;
        };
        let held = held::held(told, self.range, UnitSystem::Metric);
        Series {
            points: held.points,
            parts: held.parts,
            ..series
        }
    }

    fn bands(&self, reading: &Reading<'_>) -> impl Iterator<Item = Band> {
        let (from, to) = (self.range.from, self.range.to);
        let charged = self.sessions.iter().filter(|session| {
            let mark = session.text("mark").unwrap_or_default();
            !mark.split(',').any(|mark| mark.trim() == "no_energy")
        });
        charged.rev().filter_map(move |session| {
            let end = session.moment("end_at").unwrap_or(to);
            (end > from && session.start < to).then(|| Band {
                from: ms(session.start.max(from)),
                to: ms(end.min(to)),
                kind: BandKind::Charging,
                label: label(reading, session),
            })
        })
    }

    fn table(&self, reading: &Reading<'_>, parts: &[Part], title: &str) -> Table {
        let key = self.series.as_ref().map(|series| series.descriptor.as_str());
        let csv = key.map(|key| {
            format!(
                "series.csv?key={key}&from={:.0}&to={:.0}",
                self.range.from, self.range.to
            )
        });
        Table {
            id: "level-table",
            caption: title.to_owned(),
            columns: held::columns("level.last"),
            rows: held::rows(reading, parts, |value| format!("{} %", decimal(value, 1))),
            csv: csv.unwrap_or_default(),
            empty: texts::t("level.nothing").to_owned(),
            more: None,
        }
    }
}

/// `Charging, 10.8 kW, Home`.
fn label(reading: &Reading<'_>, session: &RecordRow) -> String {
    let power = session.number("mean_power_kw");
    let power = power.map(|power| reading.quantity(power, "kW", 1));
    let place = session.text("place").map(collector_core::mask::readable);
    let all = [Some(texts::t("level.charging").to_owned()), power, place];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// A pause of which nothing is known is hatched from here on: cars stand that long.
const STANDS: SignedDuration = SignedDuration::from_hours(24);

/// When nothing came of a vehicle, and why; nothing was measured in `silences`. What is too short to be seen is left out. So are times
/// in which it slept, or polls told what the stream did not: what was told before is true then, and the line holds.
pub fn gaps(status: &Status, vin: &Vin, range: Range, silences: &[Range]) -> Vec<Gap> {
    let least = (ms(range.to) - ms(range.from)) / POINTS as f64;
    let silences: Vec<_> = silences.iter().map(|one| (one.from, one.to)).collect();
    let missing = of_vehicle(status, vin.as_str(), &silences, (range.from, range.to));
    let gaps = missing.iter().filter_map(|gap| {
        let (from, to) = (gap.from, gap.to.unwrap_or(range.to));
        let is_hatched = match gap.cause {
            Cause::Asleep | Cause::NotSelected => false,
            Cause::Unknown => to.duration_since(from) >= STANDS,
            _ => true,
        };
        (is_hatched && ms(to) - ms(from) >= least).then(|| Gap {
            from: ms(from),
            to: ms(to),
            cause: cause(gap.cause).to_owned(),
        })
    });
    let mut gaps: Vec<Gap> = gaps.collect();
    let many = gaps.len().saturating_sub(GAPS);
    gaps.split_off(many)
}

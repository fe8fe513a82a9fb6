//! Charts, bars and tracks as they may be.

use super::{HOSTILE, HOUR, NOW_MS, table};
use crate::chart::{Axis, Band, BandKind, Chart, Gap, Kind, Series, Span};
use crate::picture::{Bar, Bars, Track};

pub fn level(id: &'static str, days: f64) -> Chart {
    let (from, to) = (NOW_MS as f64 - days * 24.0 * HOUR, NOW_MS as f64);
    let step = (to - from) / 240.0;
    let (mut charge, mut points, mut bands) = (72.0_f64, Vec::new(), Vec::new());
    let mut begun = None;
    for number in 0..=240 {
        let time = from + f64::from(number) * step;
        points.push((time, Some(charge.round())));
        if charge < 28.0 && begun.is_none() {
            begun = Some(time);
        }
        charge += if begun.is_some() { 4.2 } else { -0.9 };
        if let Some(start) = begun.filter(|_| charge > 79.0) {
            let label = format!("Charging at home, {HOSTILE}");
            bands.push(Band {
                from: start,
                to: time,
                kind: BandKind::Charging,
                label,
            });
            begun = None;
        }
    }
    let gap = Gap {
        from: from + 100.0 * step,
        to: from + 126.0 * step,
        cause: "asleep".to_owned(),
    };
    points.retain(|point| point.0 < gap.from || point.0 > gap.to);
    points[30].1 = None;
    Chart {
        id,
        title: "Charge".to_owned(),
        summary: "Between 28 and 80 %, charged twice.".to_owned(),
        table: table(
            "level-table",
            "Charge",
            &["Time", "#Charge"],
            &[&["2 Mar, 17:05", "72 %"], &["2 Mar, 18:05", HOSTILE]],
        ),
        axis: Axis::Time,
        from,
        to,
        whole: None,
        is_whole: true,
        series: vec![Series {
            label: "Charge".to_owned(),
            unit: "%".to_owned(),
            kind: Kind::Area,
            url: "series.json?key=soc".to_owned(),
            points,
            parts: Vec::new(),
        }],
        bands,
        gaps: vec![gap],
    }
}

pub fn health_chart() -> Chart {
    let month = |number: u32| NOW_MS as f64 - f64::from(12 - number) * 730.0 * HOUR;
    let parts = (0..12).map(|number| {
        let middle = 96.0 - f64::from(number) * 0.15;
        let [low, high] = [middle - 2.0, middle + 2.0].map(Some);
        (month(number), low, high, Some(middle))
    });
    Chart {
        id: "health",
        title: "Health by month".to_owned(),
        summary: "From 96 to 94 % within a year.".to_owned(),
        table: table(
            "health-table",
            "Health by month",
            &["Month", "#Health"],
            &[&["2026-03", "94.4 %"]],
        ),
        from: month(0),
        to: month(11),
        series: vec![Series {
            label: "Health, with its interval".to_owned(),
            unit: "%".to_owned(),
            parts: parts.collect(),
            ..Series::default()
        }],
        ..Chart::default()
    }
}

pub fn curve() -> Chart {
    let points = (10..=80).map(|percent| {
        let charge = f64::from(percent);
        let power = if charge < 30.0 {
            180.0 + charge
        } else {
            240.0 - charge * 1.9
        };
        (charge, Some(power))
    });
    Chart {
        id: "curve",
        title: "Power over charge".to_owned(),
        summary: "At most 209 kW, at 29 %.".to_owned(),
        table: table(
            "curve-table",
            "Power over charge",
            &["#Charge", "#Power"],
            &[&["10 %", "190 kW"], &["80 %", "88 kW"]],
        ),
        axis: Axis::Percent,
        from: 10.0,
        to: 80.0,
        whole: Some(Span { from: 0.0, to: 100.0 }),
        series: vec![Series {
            label: "Power".to_owned(),
            unit: "kW".to_owned(),
            points: points.collect(),
            ..Series::default()
        }],
        ..Chart::default()
    }
}

pub fn bars(legend: &[&str]) -> Bars {
    const MONTHS: [(&str, f64); 12] = [
        ("Apr", 212.0),
        ("May", 187.0),
        ("Jun", 240.0),
        ("Jul", 321.0),
        ("Aug", 402.0),
        ("Sep", 263.0),
        ("Oct", 224.0),
        ("Nov", 256.0),
        ("Dec", 288.0),
        ("Jan", 301.0),
        ("Feb", 276.0),
        ("Mar", 31.0),
    ];
    let share = if legend.len() > 1 { 0.7 } else { 1.0 };
    let bar = |(label, sum): &(&str, f64)| Bar {
        label: (*label).to_owned(),
        value: format!("{sum:.0}"),
        parts: legend
            .iter()
            .enumerate()
            .map(|(at, _)| sum * if at == 0 { share } else { 1.0 - share })
            .collect(),
    };
    Bars {
        title: "By month: most in August, 402".to_owned(),
        legend: legend.iter().map(|label| (*label).to_owned()).collect(),
        bars: MONTHS.iter().map(bar).collect(),
    }
}

pub fn track() -> Track {
    let point = |number: i32| {
        let turn = f64::from(number) / 9.0;
        (
            48.137 + 0.01 * turn + 0.012 * turn.sin(),
            11.575 + 0.02 * turn + 0.01 * turn.cos(),
        )
    };
    Track {
        title: "24 km from Home to Office".to_owned(),
        points: (0..60).map(point).collect(),
        csv: "track.csv?position=shown".to_owned(),
    }
}

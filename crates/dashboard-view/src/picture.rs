//! Pictures that need no script: where bars, tracks and codes are drawn, told by attributes of SVG.

use std::fmt::Write as _;

const HEIGHT: f64 = 170.0;
/// Below the bars stand their labels, above them their values.
const BASE: f64 = 146.0;
const TOP: f64 = 20.0;

/// Stacked bars, such as one a month. The table beside it tells the same.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    /// What there is to see, for who does not see it.
    pub title: String,
    /// What the parts of each bar are, from below.
    pub legend: Vec<String>,
    pub bars: Vec<Bar>,
}

#[derive(Debug, Clone, Default)]
pub struct Bar {
    /// `Mar`.
    pub label: String,
    /// `312`.
    pub value: String,
    /// Of each part, from below; none is negative.
    pub parts: Vec<f64>,
}

/// Where a part of a bar is drawn: percent of the width, pixels of the height.
pub struct Block {
    pub class: usize,
    pub y: String,
    pub height: String,
}

pub struct Drawn<'a> {
    pub bar: &'a Bar,
    pub x: String,
    pub middle: String,
    pub top: String,
    pub blocks: Vec<Block>,
}

impl Bars {
    pub fn height(&self) -> f64 {
        HEIGHT
    }

    pub fn base(&self) -> f64 {
        BASE
    }

    pub fn width(&self) -> String {
        percent(self.step() * 0.62)
    }

    pub fn drawn(&self) -> Vec<Drawn<'_>> {
        let sums = self.bars.iter().map(|bar| bar.parts.iter().sum::<f64>());
        let highest = sums.fold(f64::MIN_POSITIVE, f64::max);
        let draw = |(at, bar)| self.draw(at, bar, (BASE - TOP) / highest);
        self.bars.iter().enumerate().map(draw).collect()
    }

    /// Few bars keep the width that they would have among twelve.
    fn step(&self) -> f64 {
        100.0 / self.bars.len().max(12) as f64
    }

    fn draw<'a>(&self, at: usize, bar: &'a Bar, scale: f64) -> Drawn<'a> {
        let step = self.step();
        let left = step * at as f64;
        let mut y = BASE;
        let blocks = bar.parts.iter().enumerate().map(|(at, part)| {
            let height = part.max(0.0) * scale;
            y -= height;
            Block {
                class: at + 1,
                y: pixels(y),
                height: pixels(height),
            }
        });
        let blocks = blocks.collect();
        Drawn {
            bar,
            x: percent(left + step * 0.19),
            middle: percent(left + step * 0.5),
            top: pixels(y - 6.0),
            blocks,
        }
    }
}

fn percent(value: f64) -> String {
    format!("{value:.2}%")
}

fn pixels(value: f64) -> String {
    format!("{value:.1}")
}

/// Where a car drove: no map, no request to anybody.
#[derive(Debug, Clone, Default)]
pub struct Track {
    /// What there is to see, for who does not see it.
    pub title: String,
    /// Latitude and longitude in degrees, in order.
    pub points: Vec<(f64, f64)>,
    /// The same as a file; empty where there is none.
    pub csv: String,
}

/// Of a [`Track`] of at least one point.
pub struct Way {
    pub path: String,
    pub begin: (String, String),
    pub end: (String, String),
}

impl Track {
    const WIDTH: f64 = 600.0;
    const HEIGHT: f64 = 300.0;
    const MARGIN: f64 = 24.0;

    pub fn view(&self) -> String {
        format!("0 0 {} {}", Self::WIDTH, Self::HEIGHT)
    }

    /// As large as fits, with north above and a degree of longitude as long as it is there.
    pub fn way(&self) -> Option<Way> {
        let middle = self.points.iter().map(|point| point.0).sum::<f64>() / self.points.len() as f64;
        let shrink = middle.to_radians().cos().max(0.01);
        let flat: Vec<_> = self
            .points
            .iter()
            .map(|point| (point.1 * shrink, -point.0))
            .collect();
        let reach = |of: fn(&(f64, f64)) -> f64| {
            let all = flat.iter().map(of);
            let ends = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
            ((ends.0 + ends.1) / 2.0, ends.1 - ends.0)
        };
        let ((x, width), (y, height)) = (reach(|point| point.0), reach(|point| point.1));
        // A car that stands is a point in the middle.
        let room = |size: f64, of: f64| (size - 2.0 * Self::MARGIN) / of.max(1e-5);
        let scale = room(Self::WIDTH, width).min(room(Self::HEIGHT, height));
        let at = |point: &(f64, f64)| {
            let right = Self::WIDTH / 2.0 + (point.0 - x) * scale;
            let down = Self::HEIGHT / 2.0 + (point.1 - y) * scale;
            (pixels(right), pixels(down))
        };
        let mut path = String::new();
        for (number, (right, down)) in flat.iter().map(at).enumerate() {
            let step = if number == 0 { 'M' } else { 'L' };
            // Writing into a string cannot fail.
            let _ = write!(path, "{step}{right} {down}");
        }
        Some(Way {
            begin: at(flat.first()?),
            end: at(flat.last()?),
            path,
        })
    }
}

/// A code that a phone reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Qr {
    /// Row by row, `size` in each, whether it is dark.
    pub dark: Vec<bool>,
    pub size: usize,
}

impl Qr {
    pub fn view(&self) -> String {
        format!("0 0 {0} {0}", self.size)
    }

    pub fn path(&self) -> String {
        let mut path = String::new();
        for (at, _) in self.dark.iter().enumerate().filter(|(_, dark)| **dark) {
            let (row, column) = (at / self.size.max(1), at % self.size.max(1));
            let _ = write!(path, "M{column} {row}h1v1h-1z");
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_each_other_and_the_highest_bar_fills_the_picture() {
        let bar = |parts: &[f64]| Bar {
            parts: parts.to_vec(),
            ..Bar::default()
        };
        let bars = Bars {
            bars: vec![bar(&[1.0, 1.0]), bar(&[1.0]), bar(&[])],
            ..Bars::default()
        };
        let tops: Vec<_> = bars.drawn().iter().map(|drawn| drawn.top.clone()).collect();
        assert_eq!(tops, ["14.0", "77.0", "140.0"]);
        let drawn = bars.drawn();
        assert_eq!(drawn[0].blocks[1].y, "20.0");
        assert_eq!(drawn[0].blocks[0].y, "83.0");
        assert_eq!(drawn[1].x, "9.92%");
    }

    #[test]
    fn a_track_has_north_above_and_keeps_its_shape() {
        let track = Track {
            points: vec![(60.0, 10.0), (61.0, 10.0), (61.0, 12.0)],
            ..Track::default()
        };
        let way = track.way().expect("a way");
        // At about 60 degrees a degree of longitude is about half as long.
        assert_eq!(way.begin, ("176.5".to_owned(), "276.0".to_owned()));
        assert_eq!(way.end.1, "24.0");
        assert!(Track::default().way().is_none());
        let still = Track {
            points: vec![(48.0, 11.0)],
            ..Track::default()
        };
        assert_eq!(still.way().expect("a point").path, "M300.0 150.0");
    }

    #[test]
    fn a_code_is_drawn_where_it_is_dark() {
        let code = Qr {
            dark: vec![true, false, false, true],
            size: 2,
        };
        assert_eq!(code.path(), "M0 0h1v1h-1zM1 1h1v1h-1z");
        assert_eq!(Qr::default().path(), "");
    }
}

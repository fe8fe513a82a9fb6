//! What is around every page: the vehicles, the ways to the other pages, what its owner must know, and the assets.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use super::parts::{Level, Link};
use super::texts;

/// Which page it is, so that the way to it is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Page {
    #[default]
    Now,
    Battery,
    Charging,
    Trips,
    Data,
    System,
    /// One that no way of the frame leads to.
    Other,
}

/// One of the ways in the frame.
pub struct Way {
    pub word: &'static str,
    pub label: &'static str,
    pub href: String,
    pub is_current: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Frame {
    /// From the page's URL to the root: empty, `../`, `../../`.
    pub root: String,
    pub page: Page,
    /// Of the window, without the program's name.
    pub title: String,
    /// The hash of every file below `assets/`, by name.
    pub versions: Arc<BTreeMap<&'static str, String>>,
    pub vehicles: Vec<VehicleLink>,
    /// The name of the vehicle that is shown, as [`segment`] writes it; empty where there is none.
    pub vehicle: String,
    pub notices: Vec<Notice>,
    /// Unix milliseconds of the program's time, which may run faster than the reader's clock.
    pub now_ms: i64,
    /// IANA name of the time zone in which times are told.
    pub zone: String,
    /// The number of the change up to which the page is told; `None` where nothing on it is live.
    pub sequence: Option<u64>,
    /// Of the program.
    pub version: String,
}

#[derive(Debug, Clone, Default)]
pub struct VehicleLink {
    pub name: String,
    /// From the page to the same page of that vehicle.
    pub href: String,
    pub is_current: bool,
}

/// What its owner must know on every page.
#[derive(Debug, Clone, Default)]
pub struct Notice {
    pub level: Level,
    pub text: String,
    pub link: Option<Link>,
}

impl Frame {
    /// The URL of a file below `assets/`.
    pub fn asset(&self, name: &str) -> String {
        let root = &self.root;
        match self.versions.get(name) {
            Some(version) => format!("{root}assets/{name}?v={version}"),
            None => format!("{root}assets/{name}"),
        }
    }

    /// The name of the vehicle that is shown.
    pub fn vehicle_name(&self) -> &str {
        let current = self.vehicles.iter().find(|vehicle| vehicle.is_current);
        current.map_or("", |vehicle| vehicle.name.as_str())
    }

    /// The ways to the pages; without a vehicle only to the program's own.
    pub fn ways(&self) -> Vec<Way> {
        const OF_VEHICLES: [(&str, &str, Page); 5] = [
            ("now", "nav.now", Page::Now),
            ("battery", "nav.battery", Page::Battery),
            ("charging", "nav.charging", Page::Charging),
            ("trips", "nav.trips", Page::Trips),
            ("data", "nav.data", Page::Data),
        ];
        let (root, vehicle) = (&self.root, &self.vehicle);
        let shown = OF_VEHICLES.iter().filter(|_| !vehicle.is_empty());
        let of_vehicle =
            shown.map(|&(word, key, page)| (word, key, page, format!("{root}v/{vehicle}/{word}")));
        let system = ("system", "nav.system", Page::System, format!("{root}system"));
        let all = of_vehicle.chain([system]);
        let way = |(word, key, page, href)| Way {
            word,
            label: texts::t(key),
            href,
            is_current: self.page == page,
        };
        all.map(way).collect()
    }
}

/// A name as one segment of a URL.
pub fn segment(name: &str) -> String {
    name.bytes()
        .fold(String::with_capacity(name.len()), |mut out, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
                // A segment of dots alone would lead upwards.
                b'.' if name.bytes().any(|other| other != b'.') => out.push('.'),
                // Writing into a string cannot fail.
                _ => {
                    let _ = write!(out, "%{byte:02X}");
                }
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_segment() {
        assert_eq!(segment("i4.old"), "i4.old");
        assert_eq!(segment("../x?y"), "..%2Fx%3Fy");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("ü"), "%C3%BC");
    }
}

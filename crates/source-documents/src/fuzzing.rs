//! The readers of documents, open to the fuzz targets, which stand outside of this package. No part of the interface: they
//! change with the readers.

use cardata_api::Page;
use collector_core::RawReading;

pub use crate::asking::document;
use crate::charging_history::read;
use crate::charging_settings::listed;
use crate::walk::{Memory, Walk};

/// The sessions of a page, which the walk took at `now`, in seconds since 1970.
pub fn charging_sessions(page: &Page, now: i64) -> Vec<RawReading> {
    let (sessions, spans) = read(page);
    let mut walk = Walk::begin(None, now);
    walk.took(&spans, page.next.clone());
    let memory = walk.end();
    assert_eq!(Memory::from_json(&memory.to_json()).as_ref(), Some(&memory));
    sessions
}

/// The settings of a page, as one document.
pub fn charging_settings(page: &Page) -> Option<RawReading> {
    listed(std::slice::from_ref(page))
}

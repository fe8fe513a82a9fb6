//! The words that the whole program speaks: a *vehicle* has *descriptors*; a *reading* is the value of one
//! descriptor at one time; a *snapshot* is what one poll or one message brought for one vehicle; a *document* is what
//! BMW sends that is no reading; a *record* is what was folded out of many readings; an *entry* is a snapshot or a record with
//! its number in the journal.

mod descriptor;
pub mod document;
mod entry;
mod names;
mod reading;
mod record;
mod unit;
mod value;
mod vin;

pub use descriptor::Descriptor;
pub use document::Document;
pub use entry::{Body, Entry, LogId};
pub use names::{Names, reads_as_number};
pub use reading::{Ended, Name, Origin, Reading, Snapshot, Stamp, Vehicle, VehicleSettings};
pub use record::{
    Cited, Column, Evidence, Record, RecordKind, RecordState, RegisteredKind, record_kind, record_kinds,
};
pub use unit::{Unit, UnitSystem};
pub use value::{Value, ValueType, rounded};
pub use vin::{InvalidVin, Vin};

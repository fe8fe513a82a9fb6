//! The words that the whole program speaks: a *vehicle* has *descriptors*; a *reading* is the value of one
//! descriptor at one time; a *snapshot* is what one poll or one message brought for one vehicle; an *entry*
//! is a snapshot with its number in the journal.

mod descriptor;
mod entry;
mod reading;
mod unit;
mod value;
mod vin;

pub use descriptor::Descriptor;
pub use entry::{Entry, LogId};
pub use reading::{Name, Origin, Reading, Snapshot, Stamp, Vehicle};
pub use unit::Unit;
pub use value::{Value, ValueType};
pub use vin::{InvalidVin, Vin};

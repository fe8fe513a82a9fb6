//! The care of a journal: what its owner does about it, mostly beside the program that runs.
//!
//! * [`verify`]: a look at all of it. [`export`], [`import`]: the log as lines of JSON.
//! * [`forget`]: a vehicle taken out. [`through`]: every entry as it lies.
//! * [`backup`], [`restore`]: the whole state in one file.

pub mod backup;
pub mod export;
pub mod forget;
pub mod import;
pub mod restore;
pub mod through;
pub mod verify;

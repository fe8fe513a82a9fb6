//! What the tests that need more than one process share: real servers, and the real program.
//!
//! * [`servers`]: InfluxDB 1.x, VictoriaMetrics and an InfluxDB 2 facade, each on a port of its own with a
//!   folder of its own, stopped when dropped.
//! * [`process`]: the program `cardata` as a child whose output can be waited for.
//!
//! A test speaks by panicking, and so does this library.

#![expect(clippy::expect_used, reason = "support for tests speaks by panicking")]

pub mod process;
pub mod servers;

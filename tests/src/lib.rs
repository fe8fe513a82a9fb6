//! What the tests that need more than one process share: real servers, and the real program.
//!
//! * [`servers`]: InfluxDB 1.x, VictoriaMetrics and an InfluxDB 2 facade, each on a port of its own with a
//!   folder of its own, stopped when dropped; and promtool.
//! * [`browser`]: a page in Chromium, and what is wrong with it.
//! * [`process`]: the program `cardata` as a child whose output can be waited for.
//! * [`scene`]: a simulated BMW, a folder with a pipeline file, and the program on it.
//! * [`oracle`] and [`stores`]: what must have been stored, and what has been.
//! * [`lives`]: what a program that is killed again and again must have kept.
//! * [`small_disk`]: a file system that can be filled and made read-only.
//! * [`store_server`]: a store in the test's own process that can be shut.
//! * [`stream`]: BMW's side of the live stream on a real broker.
//! * [`subscriber`]: somebody else's program at a broker. [`home_assistant`]: what Home Assistant would accept.
//!
//! A test speaks by panicking, and so does this library.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "support for tests speaks by panicking"
)]

pub mod browser;
pub mod home_assistant;
pub mod lives;
pub mod oracle;
pub mod process;
pub mod scene;
pub mod servers;
pub mod small_disk;
pub mod store_server;
pub mod stores;
pub mod stream;
pub mod subscriber;

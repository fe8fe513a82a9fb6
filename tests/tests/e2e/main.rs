//! The program as its users run it: the real binary against a simulated BMW and real stores.
//!
//! Every test reads the stores back and holds them against what BMW served: [`oracle`] says what must be there,
//! [`stores`] what is there, [`scene`] is the stage.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking, and so do its helpers"
)]

mod bad_input;
mod bad_places;
mod deliveries;
mod documents;
mod faults;
mod full_disk;
mod kills;
mod logins;
mod oracle;
mod outages;
mod planner;
mod quota;
mod scene;
mod secrets;
mod store_server;
mod stores;

//! The program as its users run it: the real binary against a simulated BMW and real stores.
//!
//! Every test reads the stores back and holds them against what BMW served: [`oracle`] says what must be there,
//! [`stores`] what is there, [`scene`] is the stage.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod bad_input;
mod bad_places;
mod boards;
mod broker;
mod containers;
mod dead_letters;
mod deliveries;
mod demands;
mod discovery;
mod doctor;
mod documents;
mod faults;
mod foreign_text;
mod forgetting;
mod full_disk;
mod guardian;
#[cfg(unix)]
mod init;
mod journal_care;
mod json;
#[cfg(unix)]
mod json_log;
mod kills;
mod logins;
#[cfg(unix)]
mod other_users;
mod outages;
mod page;
mod page_gaps;
mod page_logins;
mod planner;
#[cfg(unix)]
mod programs;
mod quota;
mod recipes;
mod records;
mod refusals;
mod replays;
mod secrets;
#[cfg(unix)]
mod service;
mod stream;
#[cfg(unix)]
mod terminal;
mod twins;
#[cfg(unix)]
mod values;
mod vehicle_documents;
mod vehicles;

use tests::{oracle, scene, store_server, stores};

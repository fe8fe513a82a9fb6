//! A simulated BMW CarData: login, REST API, stream, quota, faults, and a car that drives and charges.
//!
//! An independent reading of BMW's two OpenAPI files and of how the live service behaves: it shares no logic
//! with the client crates, is stateful, and refuses what BMW would refuse. Each [`Sim`] is one BMW account.
//! The stream is MQTT 3.1.1 over TLS with a certificate of its own authority.
//!
//! * [`Sim`]: a running server; [`SimConfig`]: what it plays.
//! * [`Control`]: faults, the owner's clicks, what was asked and served, and what the cars really did.
#![doc = include_str!("../DECISIONS.md")]

mod account;
mod call;
mod car;
mod config;
mod connection;
mod control;
mod documents;
mod fault;
mod oauth;
mod rest;
mod server;
mod specification;
mod stream;
mod truth;
mod world;

pub use account::Container;
pub use car::kind::CarKind;
pub use config::{Approval, DescriptorRefusal, Mapping, MappingsShape, Now, SimConfig, SimVehicle};
pub use control::{Control, RequestRecord, Served, Violation};
pub use documents::{Documents, Picture, ServedDocument};
pub use fault::{Fault, FaultRate, NotJson};
pub use server::Sim;
pub use stream::{Delivery, Selection, Stray, StreamConfig, StreamLogin, Streamed, StreamedReading};
pub use truth::{Charge, Drive, PlugIn};

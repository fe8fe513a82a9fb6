//! The stream: BMW's MQTT broker, and what the cars say on it.
//!
//! [`listener`] owns the port and follows the clock, [`connection`] a socket, [`packets`] judges what a client says,
//! [`broker`] knows who is connected, [`session`] what is on its way to whom. [`programme`] works out what the cars say
//! and what goes wrong with it, [`message`] how it is written. [`record`] holds what was sent, [`control`]
//! is the test's hand, [`certificate`] makes what TLS needs.

mod broker;
mod certificate;
mod config;
mod connection;
mod control;
mod listener;
mod message;
mod packets;
mod programme;
mod record;
mod session;
mod stray;
mod window;

pub(crate) use broker::Broker;
pub(crate) use certificate::acceptor;
pub use config::{Delivery, Selection, StreamConfig};
pub(crate) use listener::run;
pub use record::{Stray, StreamLogin, Streamed, StreamedReading};

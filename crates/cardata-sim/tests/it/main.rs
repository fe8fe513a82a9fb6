//! A client on the loopback address against the simulator: what it grants, what it refuses, what it breaks.

mod charging;
mod containers;
mod desk;
mod driver;
mod faults;
mod login;
mod refusals;
mod stream_faults;
mod stream_login;
mod stream_messages;
mod telematics;

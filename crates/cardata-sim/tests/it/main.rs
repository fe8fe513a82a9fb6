//! A client on the loopback address against the simulator: what it grants, what it refuses, what it breaks.

mod charging;
mod containers;
mod desk;
mod faults;
mod login;
mod refusals;
mod telematics;

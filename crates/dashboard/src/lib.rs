//! The page that shows the cars, live, and what programs can ask beside it.
//!
//! * [`Server`]: one address, which serves a [`Site`]. [`Look`]: what the page asks of the running program.
//! * [`door`]: who is let in. [`token`]: the token of an owner who gave none. `guard`: both around every request.
//! * [`assets`]: the files of the page. [`events`]: what changed, to every open page; [`live`]: what that is.
//! * `api`: what programs ask, as API.md says; `csv`: for spreadsheets. `whole`: every reading of a series. `model`: the database of the page,
//!   `app`: what every handler has at hand, `problem`: why somebody does not get what they asked for.
//! * `pages`: what is read for each page, and joined of [`dashboard_content`]. [`view`]: what the pages show, with their templates.
//! * `login`: a login at BMW that was begun here. `picture`: what BMW's picture of a car is served as.
//! * `telemetry`: whether it works, and its numbers as `metrics`.
//!
//! Every link is relative, so that the page works behind any path prefix.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod api;
mod app;
pub mod assets;
mod csv;
mod guard;
mod login;
mod metrics;
mod model;
mod pages;
mod parameters;
mod picture;
mod problem;
mod routes;
mod server;
mod site;
mod telemetry;
mod whole;

pub use dashboard_content::{Options, live};
use dashboard_content::{drawn, position, shown, span};
pub use dashboard_door::{door, events, token};
use dashboard_view as view;
pub use dashboard_view::files;
pub use dashboard_view::picture::Qr;
pub use login::{Invitation, Login};
pub use server::{BindError, Limits, Server};
pub use site::{Look, LookError, Settings, Site};

//! A typed client of the BMW CarData API and its error taxonomy.
//!
//! A [`Client`] asks its [`CallGate`] before every request, because BMW allows 50 a day, and takes its bearer
//! token from [`AccessTokens`]. It plans nothing, stores nothing and repeats nothing, except once a call whose
//! token was refused. Every failure is an [`ApiError`] that a program can act on.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod answer;
mod basic_data;
mod call;
mod classify;
mod client;
mod container;
mod document;
mod endpoint;
mod error;
mod exchange;
#[doc(hidden)]
pub mod fuzzing;
mod mapping;
pub mod stream;
mod telematic_data;
mod token;
pub mod trust;

pub use basic_data::BasicData;
pub use call::{Call, CallGate, Class, Outcome, Refusal};
pub use classify::ErrorKind;
pub use client::{Client, http_client};
pub use container::{Container, ContainerId, ContainerState, InvalidContainerId};
pub use document::{Image, Page};
pub use error::{ApiError, Body, ErrorAnswer, UnreadableAnswer};
pub use mapping::Mapping;
pub use telematic_data::TelematicData;
pub use token::AccessTokens;

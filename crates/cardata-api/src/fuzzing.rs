//! The readers of answers, open to the fuzz targets, which stand outside of this package.
//!
//! A [`Client`](crate::Client) reads an answer that came over the network; these read the same answer out of
//! memory. No part of the interface: they change with the readers.

use serde_json::value::RawValue;
use url::Url;

use crate::answer::Answer;
use crate::call::Call;
use crate::endpoint::Base;
use crate::error::ApiError;
use crate::{BasicData, Container, Image, Mapping, Page, TelematicData};
use crate::{basic_data, container, document, mapping, telematic_data};

/// An answer as it came from the network.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The token of the request, which no error may show.
    pub token: &'a str,
    /// The HTTP status.
    pub status: u16,
    pub body: &'a [u8],
    /// Whether the connection ended before the body did.
    pub cut_short: bool,
}

impl Received<'_> {
    pub fn mappings(&self) -> Result<Vec<Mapping>, ApiError> {
        self.read(Call::Mappings, mapping::read)
    }

    pub fn basic_data(&self) -> Result<BasicData, ApiError> {
        self.read(Call::BasicData, basic_data::read)
    }

    pub fn containers(&self) -> Result<Vec<Container>, ApiError> {
        self.read(Call::Containers, container::read_list)
    }

    pub fn created_container(&self) -> Result<Container, ApiError> {
        self.read(Call::CreateContainer, container::read_one)
    }

    pub fn telematic_data(&self) -> Result<TelematicData, ApiError> {
        self.read(Call::TelematicData, telematic_data::read)
    }

    pub fn page(&self) -> Result<Page, ApiError> {
        self.read(Call::ChargingHistory, document::read_page)
    }

    pub fn object(&self) -> Result<Box<RawValue>, ApiError> {
        self.read(Call::Vehicle, document::read_object)
    }

    pub fn image(&self) -> Result<Option<Image>, ApiError> {
        self.read(Call::Image, document::read_image)
    }

    /// As an exchange does it: errors first, then what was asked for.
    fn read<T>(&self, call: Call, read: fn(&Answer<'_>) -> Result<T, ApiError>) -> Result<T, ApiError> {
        #[expect(clippy::expect_used, reason = "the constant is a URL")]
        let base = Base::new(Url::parse("https://api.example").expect("a valid URL"));
        let answer = Answer {
            endpoint: &base.endpoint(call, &[]),
            secret: self.token,
            status: self.status,
            retry_after: None,
            date: None,
            redirected: None,
            encoding: None,
            body: self.body.to_vec(),
            damage: self.cut_short.then_some("cut short"),
        };
        answer.check()?;
        read(&answer)
    }
}

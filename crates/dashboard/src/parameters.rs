//! What stands behind the `?` of an address that programs ask.

use std::error::Error;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// As [`Query`]; what cannot be read is a mistake of the caller, told as every other.
pub(crate) struct Parameters<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(parameters)) => Ok(Self(parameters)),
            Err(refused) => {
                let reason = refused
                    .source()
                    .map_or_else(|| refused.body_text(), ToString::to_string);
                Err(Problem::mistake(format!(
                    "behind the `?` of the address: {reason}"
                )))
            }
        }
    }
}

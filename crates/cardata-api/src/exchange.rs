//! One request and its answer: through the gate, with a token, within time and memory.

use std::time::Duration;

use cardata_auth::retry_after;
use reqwest::header::{ACCEPT, CONTENT_ENCODING, DATE, HeaderMap, LOCATION};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::answer::Answer;
use crate::call::Outcome;
use crate::classify::ErrorKind;
use crate::client::Client;
use crate::endpoint::Endpoint;
use crate::error::ApiError;
use runtime::Chain;

/// Of a body, unpacked. The largest answer known, all descriptors of a car, has 50 kB.
const BODY_LIMIT: usize = 32 << 20;

impl Client {
    /// Makes the call and reads its answer with `read`. A refused token is replaced, once, and the call
    /// repeated, through the gate again.
    pub(crate) async fn exchange<T: Send>(
        &self,
        endpoint: &Endpoint,
        read: fn(&Answer<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let token = self.tokens.access_token().await?;
        match self.attempt(endpoint, &token, read).await {
            Err(error) if error.kind() == Some(ErrorKind::Token) => {
                tracing::info!(
                    call = endpoint.call.as_str(),
                    "The API refused the token; asking for another."
                );
                let token = self.tokens.replace(&token).await?;
                self.attempt(endpoint, &token, read).await
            }
            result => result,
        }
    }

    async fn attempt<T: Send>(
        &self,
        endpoint: &Endpoint,
        token: &SecretString,
        read: fn(&Answer<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let call = endpoint.call;
        self.gate
            .admit(call)
            .await
            .map_err(|refusal| ApiError::Refused { call, refusal })?;
        let result = self.send(endpoint, token, read).await;
        let outcome = match &result {
            Ok(_) => Outcome::Ok,
            Err(error) => outcome(error),
        };
        self.gate.settle(call, outcome).await;
        result
    }

    async fn send<T>(
        &self,
        endpoint: &Endpoint,
        token: &SecretString,
        read: fn(&Answer<'_>) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut request = self
            .http
            .request(endpoint.method.clone(), endpoint.url.clone())
            .timeout(self.timeout)
            .bearer_auth(token.expose_secret())
            .header(ACCEPT, endpoint.accept)
            .header("x-version", "v1");
        if let Some(body) = &endpoint.body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| transport(endpoint, error, self.timeout))?;
        let mut answer = Answer {
            endpoint,
            secret: token.expose_secret(),
            status: response.status().as_u16(),
            retry_after: retry_after(response.headers()),
            date: response
                .headers()
                .get(DATE)
                .and_then(|date| date.to_str().ok())
                .map(str::to_owned),
            redirected: redirected(&endpoint.url, response.headers()),
            encoding: response
                .headers()
                .get(CONTENT_ENCODING)
                .and_then(|encoding| encoding.to_str().ok())
                .map(str::to_owned),
            body: Vec::new(),
            damage: None,
        };
        self.read_body(response, &mut answer).await?;
        answer.check()?;
        read(&answer)
    }

    /// Reads what comes. A body that ends early is kept, with a note: its status still tells something.
    async fn read_body(
        &self,
        mut response: reqwest::Response,
        answer: &mut Answer<'_>,
    ) -> Result<(), ApiError> {
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(()),
                Ok(Some(chunk)) if answer.body.len() + chunk.len() > BODY_LIMIT => {
                    answer.damage = Some("longer than 32 MiB");
                    return Ok(());
                }
                Ok(Some(chunk)) => answer.body.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => {
                    return Err(transport(answer.endpoint, error, self.timeout));
                }
                Err(_) => {
                    answer.damage = Some("cut short");
                    return Ok(());
                }
            }
        }
    }
}

fn outcome(error: &ApiError) -> Outcome {
    match (error.kind(), error.retry_after()) {
        (Some(ErrorKind::Quota), retry_after) => Outcome::QuotaExceeded { retry_after },
        (Some(ErrorKind::Slowed), Some(retry_after)) => Outcome::Slowed { retry_after },
        _ => Outcome::Failed,
    }
}

/// The host that a redirect names, and nothing else of the address: it may hold what is secret.
fn redirected(url: &Url, headers: &HeaderMap) -> Option<String> {
    let target = headers.get(LOCATION)?.to_str().ok()?;
    let target = url.join(target).ok()?;
    let host = target.host_str()?;
    Some(match target.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn transport(endpoint: &Endpoint, error: reqwest::Error, limit: Duration) -> ApiError {
    let timeout = error.is_timeout();
    let reason = if timeout && !error.is_connect() {
        format!("no answer within {limit:?}")
    } else {
        // The URL names the whole VIN.
        Chain(&error.without_url()).to_string()
    };
    ApiError::Transport {
        call: endpoint.call,
        url: endpoint.shown.clone(),
        timeout,
        reason,
    }
}

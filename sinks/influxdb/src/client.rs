//! One request: the HTTP client, and what a missing answer means.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use collector_core::{SinkError, Trust};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Certificate, Response, Url};
use url::form_urlencoded;

use crate::answer::{Answer, judge};
use crate::body::Request;
use crate::meant::Meant;
use crate::reply::{Removal, Reply, read_removal, read_reply};
use crate::target::Target;

/// For a connection. How long an answer may take is the engine's to say.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What is read of the answer to a write, in bytes. Every known one is far shorter.
const LONGEST_ANSWER: usize = 256 * 1024;
/// What is read of the answer to a question: some hundred thousand points.
const LONGEST_REPLY: usize = 64 * 1024 * 1024;

/// A server and the way to it. The connections are made at the first request.
pub struct Client {
    target: Target,
    trust: Trust,
    ca: Option<PathBuf>,
    /// Hundreds of certificates are read for it, so one client serves for good.
    http: Option<reqwest::Client>,
}

impl Client {
    /// `ca` is absolute.
    pub fn new(target: Target, trust: Trust, ca: Option<PathBuf>) -> Self {
        Self {
            target,
            trust,
            ca,
            http: None,
        }
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Drops the connections.
    pub fn close(&mut self) {
        self.http = None;
    }

    /// Sends a request. Takes its body.
    pub async fn post(&mut self, request: &mut Request) -> Result<Answer, SinkError> {
        let http = self.http()?;
        let mut post = http
            .post(self.target.write_url(request.precision))
            .header(CONTENT_TYPE, "text/plain; charset=utf-8");
        if request.compressed {
            post = post.header(CONTENT_ENCODING, "gzip");
        }
        let body = std::mem::take(&mut request.body);
        let sent = self.target.authorize(post).body(body).send().await;
        let mut response = sent.map_err(|error| self.no_answer(&error))?;
        let text = read(&mut response, LONGEST_ANSWER)
            .await
            .map_err(|error| self.no_answer(&error))?;
        judge(&self.target, response.status(), response.headers(), &text)
    }

    /// Runs statements of InfluxQL.
    pub async fn ask(&mut self, statements: &[String]) -> Result<Reply, SinkError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", &statements.join("; "))
            .finish();
        let url = self.target.query_url();
        let (response, text) = self.send(url, "application/x-www-form-urlencoded", form).await?;
        let reply = read_reply(&self.target, response.status(), response.headers(), &text)?;
        match reply {
            Reply::Answered(answers) if answers.len() != statements.len() => {
                let reason = format!("{} answers a part of what it is asked", self.target.address());
                Err(SinkError::transient(reason))
            }
            reply => Ok(reply),
        }
    }

    /// Removes points.
    pub async fn remove(&mut self, meant: &Meant) -> Result<Removal, SinkError> {
        let Some(url) = self.target.delete_url() else {
            let reply = self.ask(&[format!("DELETE {}", meant.clause())]).await?;
            return Ok(match reply {
                Reply::Answered(_) => Removal::Done,
                Reply::Unable(words) => Removal::Unable(words),
            });
        };
        let (response, text) = self.send(url, "application/json", meant.predicate()).await?;
        read_removal(&self.target, response.status(), response.headers(), &text)
    }

    async fn send(&mut self, url: Url, content: &str, body: String) -> Result<(Response, String), SinkError> {
        let post = self.http()?.post(url).header(CONTENT_TYPE, content);
        let sent = self.target.authorize(post).body(body).send().await;
        let mut response = sent.map_err(|error| self.no_answer(&error))?;
        let text = read(&mut response, LONGEST_REPLY)
            .await
            .map_err(|error| self.no_answer(&error))?;
        Ok((response, text))
    }

    fn http(&mut self) -> Result<reqwest::Client, SinkError> {
        if let Some(http) = &self.http {
            return Ok(http.clone());
        }
        let builder = reqwest::Client::builder()
            .user_agent(concat!("cardata/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(Policy::custom(follow));
        let authorities = match self.target.is_https() {
            true => self.authorities()?,
            // Plain http needs none.
            false => Vec::new(),
        };
        let http = builder.tls_certs_only(authorities).build().map_err(|error| {
            SinkError::misconfigured(format!("no HTTP client can be built: {}", innermost(&error)))
        })?;
        Ok(self.http.insert(http).clone())
    }

    /// Whom the engine trusts, and the user's own authority.
    fn authorities(&self) -> Result<Vec<Certificate>, SinkError> {
        let mut trust = self.trust.clone();
        if let Some(ca) = &self.ca {
            let unusable = |reason: &dyn Error| {
                let reason = format!("`ca` {} cannot be used: {reason}", ca.display());
                SinkError::misconfigured(reason)
            };
            let pem = std::fs::read(ca).map_err(|error| unusable(&error))?;
            trust = trust.with_pem(&pem).map_err(|error| unusable(&error))?;
        }
        let certificates = trust.authorities().map(Certificate::from_der);
        Ok(certificates.filter_map(Result::ok).collect())
    }

    fn no_answer(&self, error: &reqwest::Error) -> SinkError {
        let server = self.target.authority();
        let cause = innermost(error);
        if cause.contains("CaUsedAsEndEntity") {
            return SinkError::misconfigured(format!(
                "{server} shows the certificate of an authority as its own ({cause}): make one for the server \
                 that says `CA:FALSE`"
            ));
        }
        if cause.contains("certificate") {
            return SinkError::misconfigured(format!(
                "{server} shows a certificate that cannot be trusted ({cause}): name the PEM file of its \
                 authority in `ca`, or check the host in `url`"
            ));
        }
        if cause.contains("corrupt message") {
            return SinkError::misconfigured(format!(
                "{server} does not speak https ({cause}): write `url` with http:"
            ));
        }
        let reason = if error.is_timeout() {
            format!("{server} does not answer ({cause}): is the server overloaded or the network down?")
        } else if error.is_connect() {
            format!("no connection to {server} ({cause}): is the server running, and is `url` right?")
        } else {
            format!("the connection to {server} broke off ({cause})")
        };
        SinkError::transient(reason)
    }
}

/// Follows what keeps method and body and stays with the server, so that neither a write turns into a read nor
/// a token goes elsewhere.
fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
    let same_server = attempt
        .previous()
        .first()
        .is_some_and(|first| first.origin() == attempt.url().origin());
    if keeps_method && same_server && attempt.previous().len() <= 5 {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

async fn read(response: &mut Response, longest: usize) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while bytes.len() < longest
        && let Some(chunk) = response.chunk().await?
    {
        bytes.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last of an error's causes: reqwest's own words say no more than "error sending request".
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

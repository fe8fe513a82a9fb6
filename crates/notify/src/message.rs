//! A notice as a request: the JSON body of a webhook, the plain form of ntfy.

use std::fmt;
use std::time::Duration;

use collector_core::mask;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Level, Notice};
use pipeline::{Channel, Form};
use runtime::Chain;

/// Raised when a receiver would misread the JSON body. New members do not raise it.
const VERSION: u32 = 1;
const TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer, in characters.
const SHOWN: usize = 120;
const READ: usize = 4 * 1024;

/// Why a notice was not taken. Repeats nothing of the URL.
#[derive(Debug)]
pub struct SendError {
    pub reason: String,
    /// How long the receiver asks to wait.
    pub retry_after: Option<Duration>,
    /// The same request will be refused again.
    pub is_final: bool,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for SendError {}

/// Sends a notice once and says what was answered.
///
/// # Errors
/// The receiver cannot be reached or does not take it.
pub async fn send(http: &reqwest::Client, channel: &Channel, notice: &Notice) -> Result<String, SendError> {
    let request = request(http, channel, notice).timeout(TIMEOUT);
    let response = request.send().await.map_err(|error| SendError {
        is_final: error.is_builder(),
        reason: Chain(&error.without_url()).to_string(),
        retry_after: None,
    })?;
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let said = excerpt(response).await;
    let answer = format!("HTTP {}{said}", status.as_u16());
    if status.is_success() {
        return Ok(answer);
    }
    let advice = if status.is_redirection() {
        "; write the address that it leads to"
    } else {
        ""
    };
    Err(SendError {
        reason: format!("{answer}{advice}"),
        retry_after,
        is_final: !status.is_server_error() && !matches!(status.as_u16(), 408 | 425 | 429),
    })
}

fn request(http: &reqwest::Client, channel: &Channel, notice: &Notice) -> RequestBuilder {
    let request = http.post(channel.url.clone());
    match &channel.form {
        Form::Webhook { headers } => headers
            .iter()
            .fold(request.json(&body(notice)), |request, (name, value)| {
                request.header(name, value)
            }),
        Form::Ntfy { token, priority } => {
            let priority = priority.unwrap_or(match notice.level {
                Level::Info => 3,
                Level::Warning => 4,
                Level::Error => 5,
            });
            let tag = match notice.level {
                Level::Info => "white_check_mark",
                Level::Warning => "warning",
                Level::Error => "rotating_light",
            };
            let request = request
                .header("Priority", priority.to_string())
                .header("Tags", tag)
                .header(CONTENT_TYPE, "text/plain; charset=utf-8")
                .body(notice.message.clone());
            // In UTF-8, which ntfy reads.
            let request = match HeaderValue::from_bytes(notice.title.as_bytes()) {
                Ok(title) => request.header("Title", title),
                Err(_) => request,
            };
            match token {
                Some(token) => request.header(AUTHORIZATION, token),
                None => request,
            }
        }
    }
}

/// The JSON body of a webhook.
pub(super) fn body(notice: &Notice) -> Value {
    json!({
        "version": VERSION,
        "program": "cardata",
        "topic": notice.topic,
        "level": notice.level.as_str(),
        "resolved": notice.stage.is_empty(),
        "title": notice.title,
        "message": notice.message,
        "at": format!("{:.3}", notice.at),
    })
}

/// How an answer begins, on one line.
async fn excerpt(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < READ
        && let Ok(Some(chunk)) = response.chunk().await
    {
        bytes.extend_from_slice(&chunk);
    }
    let words = mask::quoted::<&str>(&String::from_utf8_lossy(&bytes), &[], SHOWN);
    if words.is_empty() {
        return words;
    }
    format!(", {words}")
}

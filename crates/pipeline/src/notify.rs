//! `notify`: who is told when a person must act.

use std::collections::BTreeMap;
use std::fmt;

use collector_core::scalar::Wrong;
use collector_core::table::Node;
use collector_core::{Secret, written_as_text};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::accounts;
use super::problems::Problems;
use super::section;
use super::show;

const EXAMPLE: &str = "notify:\n  - type: ntfy\n    url: https://ntfy.sh/my-topic";
const TYPES: [&str; 2] = ["webhook", "ntfy"];
/// Of ntfy, from 1 to 5.
const PRIORITIES: [&str; 5] = ["min", "low", "default", "high", "max"];

/// One receiver of notices. `Debug` shows its host alone: the rest of a URL may be as good as a password.
#[derive(Clone)]
pub struct Channel {
    pub url: Url,
    pub form: Form,
}

/// What a receiver understands.
#[derive(Debug, Clone)]
pub enum Form {
    /// A JSON object.
    Webhook { headers: Vec<(HeaderName, HeaderValue)> },
    /// The plain form of ntfy.
    Ntfy {
        token: Option<HeaderValue>,
        /// 1 to 5 for every notice; as grave as the notice is without it.
        priority: Option<u8>,
    },
}

impl Channel {
    pub fn type_name(&self) -> &'static str {
        match self.form {
            Form::Webhook { .. } => TYPES[0],
            Form::Ntfy { .. } => TYPES[1],
        }
    }

    /// What a log may call it.
    pub fn label(&self) -> String {
        format!(
            "{} at {}",
            self.type_name(),
            self.url.host_str().unwrap_or_default()
        )
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Channel({})", self.label())
    }
}

/// Who is told when a person must act: a login that dies, a sink that is paused, readings that were refused, polls
/// that fail for hours. `cardata notify --test` sends a test.
#[derive(JsonSchema)]
#[schemars(rename = "channel", untagged)]
#[expect(
    dead_code,
    reason = "describes the file; the fields are read by type, so that mistakes keep their places"
)]
pub(super) enum ChannelTable {
    Webhook(WebhookTable),
    Ntfy(NtfyTable),
}

/// A JSON object is posted to a URL.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct WebhookTable {
    #[serde(rename = "type")]
    _type: WebhookWord,
    /// Where notices are posted.
    url: HttpUrl,
    /// Headers that are sent along, for example `Authorization`.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,
}

/// A message to a topic of ntfy (ntfy.sh or a server of your own).
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(super) struct NtfyTable {
    #[serde(rename = "type")]
    _type: NtfyWord,
    /// The server with the topic: `https://ntfy.sh/my-secret-topic`.
    url: HttpUrl,
    /// An access token, where the topic is protected.
    token: Option<Secret>,
    /// From 1 (min) to 5 (max) for every message; if left out, as grave as it is.
    priority: Option<Priority>,
}

struct WebhookWord;
struct NtfyWord;
struct HttpUrl(Url);
struct Priority(u8);

written_as_text!(WebhookWord, |_| Ok(WebhookWord), |_| TYPES[0].to_owned(), { "const": "webhook" });
written_as_text!(NtfyWord, |_| Ok(NtfyWord), |_| TYPES[1].to_owned(), { "const": "ntfy" });
written_as_text!(HttpUrl, http_url, host, { "type": "string", "writeOnly": true });
written_as_text!(Priority, priority, |priority| PRIORITIES[usize::from(priority.0) - 1].to_owned(), {
    "enum": [1, 2, 3, 4, 5, "min", "low", "default", "high", "max", "urgent"]
});

fn http_url(text: &str) -> Result<HttpUrl, Wrong> {
    let help = "write for example `https://ntfy.sh/my-topic`";
    accounts::server(text.trim(), help).map(HttpUrl)
}

/// The rest of a URL may be as good as a password.
fn host(url: &HttpUrl) -> String {
    format!("{}/***", url.0.origin().ascii_serialization())
}

fn priority(text: &str) -> Result<Priority, Wrong> {
    let text = text.trim();
    let word = if text == "urgent" { "max" } else { text };
    let numbered = (1..).zip(PRIORITIES);
    let mut found = numbered.filter(|(number, name)| word == *name || word == number.to_string());
    found.next().map(|(number, _)| Priority(number)).ok_or_else(|| {
        let wrong = Wrong::new(format!("`{text}` is not a priority of ntfy"));
        wrong.help("write a number from 1 to 5, or leave it out")
    })
}

/// What the file says of its channels.
pub(super) fn shown(root: &Node) -> Value {
    let items = root.get("notify").and_then(Node::items);
    let channel = |item: &Node| match item.get("type").and_then(Node::as_text) {
        Some("ntfy") => show::typed::<NtfyTable>(Some(item)),
        _ => show::typed::<WebhookTable>(Some(item)),
    };
    items.map_or(Value::Null, |items| items.iter().map(channel).collect())
}

pub(super) fn read(root: &Node, problems: &mut Problems) -> Vec<Channel> {
    let items = section::optional(root, "notify", EXAMPLE, problems);
    items.iter().filter_map(|item| channel(item, problems)).collect()
}

fn channel(item: &Node, problems: &mut Problems) -> Option<Channel> {
    if !section::is_table(item, "a channel", problems) {
        return None;
    }
    let possible = "`webhook` and `ntfy`";
    match section::type_of(item, "channel", &TYPES, possible, problems)? {
        "webhook" => webhook(item, problems),
        _ => ntfy(item, problems),
    }
}

fn webhook(item: &Node, problems: &mut Problems) -> Option<Channel> {
    let table: WebhookTable = problems.read(&mut item.clone())?;
    let mut headers = Vec::new();
    for (name, value) in table.headers {
        let place = item.get("headers").and_then(|headers| headers.entry(&name));
        let Some((key, node)) = place else { continue };
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            let message = format!("`{name}` is not the name of a header");
            let help = "write for example `Authorization`";
            problems.add(&key.span, message).help(help);
            continue;
        };
        let message = "a header's value is one line of plain characters";
        let help = "remove line breaks and letters beyond ASCII";
        let value = secret_value(value.expose());
        let value = value.or_else(|| problems.refuse(&node.span, message, help));
        headers.extend(value.map(|value| (header, value)));
    }
    Some(Channel {
        url: table.url.0,
        form: Form::Webhook { headers },
    })
}

fn ntfy(item: &Node, problems: &mut Problems) -> Option<Channel> {
    let table: NtfyTable = problems.read(&mut item.clone())?;
    if table.url.0.path().trim_matches('/').is_empty() {
        let help = "write the topic behind the server: `https://ntfy.sh/my-topic`";
        return problems.refuse(&item.locate("url"), "this URL names no topic", help);
    }
    let token = table.token.and_then(|token| {
        let message = "a token is one line of plain characters";
        let help = "copy it from the settings of ntfy; it begins with `tk_`";
        secret_value(&format!("Bearer {}", token.expose().trim()))
            .or_else(|| problems.refuse(&item.locate("token"), message, help))
    });
    Some(Channel {
        url: table.url.0,
        form: Form::Ntfy {
            token,
            priority: table.priority.map(|priority| priority.0),
        },
    })
}

/// `None` where the text cannot stand in a header. Its `Debug` hides it.
fn secret_value(text: &str) -> Option<HeaderValue> {
    let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut value = HeaderValue::from_str(text).ok().filter(|_| printable)?;
    value.set_sensitive(true);
    Some(value)
}

//! `notify`: who is told when a person must act.

use std::collections::BTreeMap;
use std::fmt;

use collector_core::Secret;
use collector_core::table::{self, Kind, Node};
use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use super::problems::Problems;
use super::section;
use collector_core::scalar::Wrong;
use collector_core::written_as_text;

const TYPES: [&str; 2] = ["webhook", "ntfy"];
const POSSIBLE: &str = "possible are `webhook` and `ntfy`";

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
#[derive(Deserialize, JsonSchema)]
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
#[derive(Deserialize, JsonSchema)]
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

written_as_text!(WebhookWord, |_| Ok(WebhookWord), { "const": "webhook" });
written_as_text!(NtfyWord, |_| Ok(NtfyWord), { "const": "ntfy" });
written_as_text!(HttpUrl, http_url, { "type": "string", "writeOnly": true });
written_as_text!(Priority, priority, {
    "enum": [1, 2, 3, 4, 5, "min", "low", "default", "high", "max", "urgent"]
});

fn http_url(text: &str) -> Result<HttpUrl, Wrong> {
    let help = "write for example `https://ntfy.sh/my-topic`";
    let url: Url = text
        .trim()
        .parse()
        .map_err(|error| Wrong::new(format!("this is not a URL: {error}")).help(help))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Wrong::new("a URL of a server begins with `http://` or `https://`").help(help));
    }
    Ok(HttpUrl(url))
}

fn priority(text: &str) -> Result<Priority, Wrong> {
    let number = match text.trim() {
        "1" | "min" => 1,
        "2" | "low" => 2,
        "3" | "default" => 3,
        "4" | "high" => 4,
        "5" | "max" | "urgent" => 5,
        other => {
            return Err(Wrong::new(format!("`{other}` is not a priority of ntfy"))
                .help("write a number from 1 to 5, or leave it out"));
        }
    };
    Ok(Priority(number))
}

pub(super) fn read(root: &Node, problems: &mut Problems) -> Vec<Channel> {
    let Some(node) = root.get("notify").filter(|node| !node.is_null()) else {
        return Vec::new();
    };
    let Kind::Sequence(items) = &node.kind else {
        problems
            .add(&node.span, "`notify` is a list: each item begins with `- `")
            .help("write for example:\n\nnotify:\n  - type: ntfy\n    url: https://ntfy.sh/my-topic");
        return Vec::new();
    };
    items.iter().filter_map(|item| channel(item, problems)).collect()
}

fn channel(item: &Node, problems: &mut Problems) -> Option<Channel> {
    if !section::is_table(item, "a channel", problems) {
        return None;
    }
    let Some((key, node)) = item.entry("type") else {
        problems
            .add(&item.span, "this channel has no `type`")
            .help(format!("add `type: …`; {POSSIBLE}"));
        return None;
    };
    match node.as_text().filter(|_| !node.is_null()) {
        Some("webhook") => webhook(item, problems),
        Some("ntfy") => ntfy(item, problems),
        Some(word) => {
            problems
                .add(&node.span, format!("there is no channel of type `{word}`"))
                .help(table::suggest(word, &TYPES.map(str::to_owned)));
            None
        }
        None => {
            let place = if node.is_null() { &key.span } else { &node.span };
            problems.add(place, "`type` is one word").help(POSSIBLE);
            None
        }
    }
}

fn webhook(item: &Node, problems: &mut Problems) -> Option<Channel> {
    let table: WebhookTable = problems.read(&mut item.clone())?;
    let mut headers = Vec::new();
    for (name, value) in table.headers {
        let place = item.get("headers").and_then(|headers| headers.entry(&name));
        let Some((key, node)) = place else { continue };
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            problems
                .add(&key.span, format!("`{name}` is not the name of a header"))
                .help("write for example `Authorization`");
            continue;
        };
        match secret_value(value.expose()) {
            Some(value) => headers.push((header, value)),
            None => {
                problems
                    .add(&node.span, "a header's value is one line of plain characters")
                    .help("remove line breaks and letters beyond ASCII");
            }
        }
    }
    Some(Channel {
        url: table.url.0,
        form: Form::Webhook { headers },
    })
}

fn ntfy(item: &Node, problems: &mut Problems) -> Option<Channel> {
    let table: NtfyTable = problems.read(&mut item.clone())?;
    if table.url.0.path().trim_matches('/').is_empty() {
        problems
            .add(&item.locate("url"), "this URL names no topic")
            .help("write the topic behind the server: `https://ntfy.sh/my-topic`");
        return None;
    }
    let token = match &table.token {
        Some(token) => {
            let value = secret_value(&format!("Bearer {}", token.expose().trim()));
            if value.is_none() {
                problems
                    .add(&item.locate("token"), "a token is one line of plain characters")
                    .help("copy it from the settings of ntfy; it begins with `tk_`");
            }
            value
        }
        None => None,
    };
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

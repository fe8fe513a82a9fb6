//! What the API has beside telematic data: documents, each part as BMW sent it, byte by byte.
//!
//! Live answers leave out what the specification names, have what it does not, and send texts for numbers; so nothing
//! is read of a document here but where it begins, where it ends and what comes after it.

use std::fmt;
use std::ops::RangeInclusive;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::answer::Answer;
use crate::error::ApiError;

/// Less is the placeholder of a server, more no picture of a car.
const IMAGE_BYTES: RangeInclusive<usize> = 100..=8 << 20;

/// One page of a list.
#[derive(Debug, Default)]
pub struct Page {
    /// In the order of the answer.
    pub items: Vec<Box<RawValue>>,
    /// What the next page is asked for with; `None` behind the last.
    pub next: Option<String>,
    /// There was no list, as in `{}` or with null for it: it may be empty, or the answer says nothing.
    pub is_silent: bool,
}

/// The picture of a vehicle.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// By what the bytes are, whatever the server called them: `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// The history spells the token one way, the settings the other.
#[derive(Deserialize)]
struct Body {
    data: Option<Vec<Box<RawValue>>>,
    next_token: Option<Value>,
    #[serde(rename = "nextToken")]
    next_token_in_camels: Option<Value>,
}

pub(crate) fn read_page(answer: &Answer<'_>) -> Result<Page, ApiError> {
    let expected = "no list in `data`";
    let body: Body = answer.json(expected)?;
    let next = [body.next_token, body.next_token_in_camels];
    let next = next.into_iter().flatten().find_map(|token| match token {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    });
    if let Some(items) = body.data {
        return Ok(Page {
            items,
            next,
            is_silent: false,
        });
    }
    let object: Map<String, Value> = answer.json(expected)?;
    match object.is_empty() || object.contains_key("data") {
        true => Ok(Page {
            items: Vec::new(),
            next,
            is_silent: true,
        }),
        false => Err(answer.unexpected(expected)),
    }
}

/// An object, whatever is in it.
pub(crate) fn read_object(answer: &Answer<'_>) -> Result<Box<RawValue>, ApiError> {
    let object: Box<RawValue> = answer.json("no object")?;
    match object.get().starts_with('{') {
        true => Ok(object),
        false => Err(answer.unexpected("no object")),
    }
}

/// `None` for what is no picture of a car: JSON, which newer answers may be, and what is far too short or long.
pub(crate) fn read_image(answer: &Answer<'_>) -> Result<Option<Image>, ApiError> {
    let bytes = &answer.body;
    let media_type = media_type(bytes).filter(|_| IMAGE_BYTES.contains(&bytes.len()));
    Ok(media_type.map(|media_type| Image {
        media_type,
        bytes: bytes.clone(),
    }))
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

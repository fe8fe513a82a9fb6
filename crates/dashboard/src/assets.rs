//! The files of the page: packed once, kept by browsers until they change.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::files::Asset;

/// Of a URL with the hash of what it brings: never asked for again.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Asked for each time, and brought only when it is another.
const CHECKED: HeaderValue = HeaderValue::from_static("no-cache");
/// Below that, packing earns nothing: it is one packet anyway.
const SMALL: usize = 1024;
/// Of brotli: the best, as it is done once.
const QUALITY: u32 = 11;
/// Of brotli, the default of its window, as a power of two.
const WINDOW: u32 = 22;
const BUFFER: usize = 4096;

/// All of them, by name.
pub(crate) struct Assets(HashMap<&'static str, Held>);

struct Held {
    asset: Asset,
    hash: String,
    brotli: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
}

#[derive(Clone, Copy)]
enum Coding {
    Plain,
    Gzip,
    Brotli,
}

/// The hash of a file for `?v=`, which changes with its bytes.
pub fn version(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Assets {
    pub fn new(all: &[Asset]) -> Self {
        let held = |asset: &Asset| Held {
            asset: *asset,
            hash: version(asset.bytes),
            brotli: OnceLock::new(),
            gzip: OnceLock::new(),
        };
        Self(all.iter().map(|asset| (asset.name, held(asset))).collect())
    }

    pub fn routes(self) -> Router {
        Router::new()
            .route("/assets/{*name}", get(serve))
            .with_state(Arc::new(self))
    }
}

async fn serve(
    State(assets): State<Arc<Assets>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let Some(held) = assets.0.get(name.as_str()) else {
        return (StatusCode::NOT_FOUND, "There is no such file.\n").into_response();
    };
    let (coding, bytes) = held.packed(&headers);
    let tag = format!("\"{}{}\"", held.hash, coding.suffix());
    let is_versioned = query.is_some_and(|query| query.strip_prefix("v=") == Some(held.hash.as_str()));
    let mut answer = Response::new(Body::empty());
    let head = answer.headers_mut();
    head.insert(
        header::CACHE_CONTROL,
        if is_versioned { FOR_EVER } else { CHECKED },
    );
    head.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // Hexadecimal digits: it always fits.
    head.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    if is_known(&headers, &tag) {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    head.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(held.asset.content_type),
    );
    if let Some(name) = coding.name() {
        head.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    *answer.body_mut() = Body::from(bytes);
    answer
}

/// Whether the client has it already. What a proxy packed anew has a weak tag.
pub fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let sent = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|tags| tags.to_str().ok());
    let mut tags = sent.flat_map(|tags| tags.split(',')).map(str::trim);
    tags.any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

impl Held {
    /// The smallest form that the client takes.
    fn packed(&self, headers: &HeaderMap) -> (Coding, Bytes) {
        let takes = |coding| accepts(headers, coding);
        let brotli = || {
            self.brotli
                .get_or_init(|| smaller(self.asset.bytes, brotli))
                .clone()
        };
        let gzip = || self.gzip.get_or_init(|| smaller(self.asset.bytes, gzip)).clone();
        if let Some(bytes) = takes("br").then(brotli).flatten() {
            return (Coding::Brotli, bytes);
        }
        if let Some(bytes) = takes("gzip").then(gzip).flatten() {
            return (Coding::Gzip, bytes);
        }
        (Coding::Plain, Bytes::from_static(self.asset.bytes))
    }
}

impl Coding {
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// Another form has another strong tag.
    fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "-gz",
            Self::Brotli => "-br",
        }
    }
}

/// Whether a client takes a coding by its name; one with `q=0` is refused.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let sent = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|all| all.to_str().ok());
    let mut all = sent.flat_map(|all| all.split(','));
    all.any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts
            .find_map(|part| part.strip_prefix("q="))
            .map(|weight| weight.parse::<f32>());
        is_it && weight.is_none_or(|weight| weight.is_ok_and(|weight| weight > 0.0))
    })
}

/// Pictures do not get smaller, and small files need not.
fn smaller(bytes: &[u8], pack: fn(&[u8]) -> std::io::Result<Vec<u8>>) -> Option<Bytes> {
    let packed = pack(bytes).ok().filter(|_| bytes.len() > SMALL)?;
    (packed.len() < bytes.len()).then(|| packed.into())
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), BUFFER, QUALITY, WINDOW);
    writer.write_all(bytes)?;
    Ok(writer.into_inner())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_taken_as_the_client_says() {
        let accepts = |sent: &str, coding: &str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, sent.parse().unwrap())]);
            super::accepts(&headers, coding)
        };
        for sent in ["br", "gzip, br", "gzip;q=0.5, BR ; q=0.1", "br;q=1"] {
            assert!(accepts(sent, "br"), "{sent}");
        }
        for sent in ["", "gzip", "br;q=0", "br; q=0.0", "brx", "br;q=x", "*"] {
            assert!(!accepts(sent, "br"), "{sent}");
        }
    }

    #[test]
    fn what_does_not_get_smaller_stays() {
        let text = "a line of a text\n".repeat(1000);
        assert!(smaller(text.as_bytes(), brotli).is_some_and(|packed| packed.len() < 200));
        assert!(smaller(b"short", gzip).is_none());
        let noise: Vec<u8> = (0..200u32)
            .flat_map(|n| Sha256::digest(n.to_le_bytes()))
            .collect();
        assert!(smaller(&noise, gzip).is_none());
    }
}

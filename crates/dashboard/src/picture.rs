//! BMW's picture of a vehicle, as it lies in the state directory: what is in that file is not trusted.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use collector_core::Vin;

use crate::app::{App, Shared};
use crate::assets::{is_known, version};
use crate::problem::Problem;

/// The largest that is shown, in bytes.
const LONGEST: u64 = 8 * 1024 * 1024;
/// So many bytes tell what it is.
const HEAD: usize = 8;

struct Picture {
    media_type: &'static str,
    bytes: Vec<u8>,
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/picture", get(picture))
}

/// Whether there is one that can be shown.
pub(crate) async fn is_there(app: &App, vin: &Vin) -> bool {
    first(app, vin, |path| head(path).map(drop)).await.is_some()
}

async fn picture(
    State(app): State<Shared>,
    Segment(name): Segment<String>,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let vehicle = app.vehicle(&name).await?;
    let Some(picture) = first(&app, &vehicle.vin, whole).await else {
        return Err(Problem::not_found("there is no picture of this vehicle"));
    };
    let tag = format!("\"{}\"", version(&picture.bytes));
    let is_known = is_known(&asked, &tag);
    // Asked for each time, and brought only when it is another; kept by its reader alone.
    let kept = [
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::ETAG, tag),
    ];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let is = [(header::CONTENT_TYPE, picture.media_type)];
    Ok((kept, is, picture.bytes).into_response())
}

/// What `read` makes of the first of the files that is a picture.
async fn first<T: Send + 'static>(app: &App, vin: &Vin, read: fn(&Path) -> io::Result<T>) -> Option<T> {
    let vin = vin.clone();
    let read = app.ask(move |look| {
        let files: Vec<PathBuf> = look.picture_files(&vin);
        Ok(files.iter().find_map(|path| read(path).ok()))
    });
    read.await.ok().flatten()
}

fn whole(path: &Path) -> io::Result<Picture> {
    let (media_type, mut bytes, file) = head(path)?;
    // It may have grown since it was measured.
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(Picture { media_type, bytes })
}

/// What a file is by its first bytes, those, and the rest of it. No link is followed, and nothing opened that is no file.
fn head(path: &Path) -> io::Result<(&'static str, Vec<u8>, File)> {
    let is = fs::symlink_metadata(path)?;
    if !is.is_file() || is.len() > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut file = File::open(path)?;
    let mut bytes = vec![0; HEAD];
    file.read_exact(&mut bytes)?;
    let media_type = media_type(&bytes).ok_or(io::ErrorKind::InvalidData)?;
    Ok((media_type, bytes, file))
}

fn media_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        _ => None,
    }
}

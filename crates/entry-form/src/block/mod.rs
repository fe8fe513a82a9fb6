//! The content of a packed block: neighbouring entries, whole and byte by byte, in few bytes.
//!
//! `form` says what stands in one, made of `pieces` and `stamps`, in `bytes`. Around it: the number of these bytes, four in
//! big-endian order, and what zlib makes of them.

mod bytes;
mod form;
mod pieces;
mod stamps;
#[cfg(test)]
mod tests;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use crate::Stored;

/// What zlib makes at most of a byte.
const EXPANSION: usize = 1_032;

/// Entries whose numbers follow one another as the content of a block. [`unpack`] may read something else out of it:
/// whoever relies on a block looks at that first.
pub fn pack(entries: &[Stored]) -> Option<Vec<u8>> {
    compress(&form::encode(entries))
}

/// The entries in the content of a block, the first of which has this number; `None` where [`pack`] did not write it.
pub fn unpack(first: u64, content: &[u8]) -> Option<Vec<Stored>> {
    form::decode(first, &decompress(content)?)
}

fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder
        .get_mut()
        .extend_from_slice(&u32::try_from(bytes.len()).ok()?.to_be_bytes());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn decompress(content: &[u8]) -> Option<Vec<u8>> {
    let (size, compressed) = content.split_first_chunk()?;
    let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
    if size > compressed.len().saturating_mul(EXPANSION) {
        return None;
    }
    let mut bytes = Vec::with_capacity(size);
    let mut decoder = ZlibDecoder::new(compressed).take(size as u64 + 1);
    decoder.read_to_end(&mut bytes).ok()?;
    (bytes.len() == size).then_some(bytes)
}

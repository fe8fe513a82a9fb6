//! A payload taken apart into what comes again and again, and what does not.
//!
//! A payload is a head, items between commas, and an end that is always the same. Of each the times and the value are
//! taken out; what is left is a *piece* with holes, of which a block has few.
//!
//! ```text
//! {"v":1,"sent":"␂","readings":[                       the head
//! ["vehicle.x",{"value":␃,"unit":"%","timestamp":"␁"}]  an item
//! ]}                                                   the end
//! ```

use super::bytes::Bytes;
use super::stamps::{self, Kind};

/// What stands in a piece for what was taken out of it. No payload has these bytes, because JSON has none.
const SECOND: u8 = 1;
const MILLISECOND: u8 = 2;
const TEXT: u8 = 3;
/// Behind each text.
pub(super) const END_OF_TEXT: u8 = 0;

const READINGS: &str = r#""readings":["#;
const BETWEEN: &str = r#"],[""#;
const END: &str = "]}";
const VALUE: &[u8] = br#""value":"#;

/// The head and the items of a payload; `None` for one that is not of this form.
pub(super) fn parts(payload: &str) -> Option<impl Iterator<Item = &str>> {
    if payload.bytes().any(|byte| byte <= TEXT) {
        return None;
    }
    let end_of_head = payload.find(READINGS)? + READINGS.len();
    let (head, items) = payload.split_at(end_of_head);
    let mut rest = Some(items.strip_suffix(END)?).filter(|items| !items.is_empty());
    let items = std::iter::from_fn(move || {
        let items = rest?;
        // The comma between two items is not part of either.
        let (item, others) = match items.find(BETWEEN) {
            Some(at) => (&items[..=at], Some(&items[at + 2..])),
            None => (items, None),
        };
        rest = others;
        Some(item)
    });
    Some(std::iter::once(head).chain(items))
}

/// What was taken out of a part.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// The part with its holes.
    pub piece: Vec<u8>,
    pub stamps: Vec<(Kind, i64)>,
    /// Each with [`END_OF_TEXT`].
    pub texts: Vec<u8>,
}

impl Taken {
    pub fn clear(&mut self) {
        self.piece.clear();
        self.stamps.clear();
        self.texts.clear();
    }

    /// Takes out of a part what does not come again.
    pub fn take(&mut self, part: &str) {
        let text = part.as_bytes();
        let mut at = 0;
        while at < text.len() {
            if text[at] != b'"' {
                self.piece.push(text[at]);
                at += 1;
                continue;
            }
            if text[at..].starts_with(VALUE) {
                self.piece.extend_from_slice(VALUE);
                at += VALUE.len();
                at += self.value(&text[at..]);
                continue;
            }
            self.piece.push(b'"');
            at += 1;
            at += self.stamp(&text[at..]);
        }
    }

    /// Returns how long the value is that was taken.
    fn value(&mut self, text: &[u8]) -> usize {
        let is_text = text.first() == Some(&b'"');
        let begin = usize::from(is_text);
        self.piece.extend_from_slice(&text[..begin]);
        let stamp = self.stamp(&text[begin..]);
        if is_text && stamp > 0 {
            return begin + stamp;
        }
        let ends = |byte: u8| match is_text {
            true => byte == b'"',
            false => matches!(byte, b',' | b'}'),
        };
        let length = text[begin..].iter().position(|byte| ends(*byte));
        let length = length.unwrap_or(text.len() - begin);
        self.texts.extend_from_slice(&text[begin..begin + length]);
        self.texts.push(END_OF_TEXT);
        self.piece.push(TEXT);
        begin + length
    }

    /// Returns how long the time is that was taken.
    fn stamp(&mut self, text: &[u8]) -> usize {
        let Some((kind, at)) = stamps::read(text) else {
            return 0;
        };
        self.stamps.push((kind, at));
        self.piece.push(match kind {
            Kind::Second => SECOND,
            Kind::Millisecond => MILLISECOND,
        });
        text.iter().position(|byte| *byte == b'"').unwrap_or(0)
    }
}

/// A piece, with the texts that go into it, in their order.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    /// What stands before each hole, and its kind.
    holes: Vec<(&'a [u8], u8)>,
    /// What stands behind the last.
    rest: &'a [u8],
    texts: Bytes<'a>,
}

impl<'a> Piece<'a> {
    pub fn new(piece: &'a [u8], texts: Bytes<'a>) -> Self {
        let (mut holes, mut rest) = (Vec::new(), piece);
        while let Some(at) = rest.iter().position(|byte| *byte <= TEXT) {
            holes.push((&rest[..at], rest[at]));
            rest = &rest[at + 1..];
        }
        Self { holes, rest, texts }
    }

    /// Adds the part that was taken apart; `stamp` tells the next time of a kind.
    pub fn put(&mut self, to: &mut Vec<u8>, mut stamp: impl FnMut(Kind) -> Option<i64>) -> Option<()> {
        for &(before, hole) in &self.holes {
            to.extend_from_slice(before);
            match hole {
                SECOND => stamps::write(to, Kind::Second, stamp(Kind::Second)?)?,
                MILLISECOND => stamps::write(to, Kind::Millisecond, stamp(Kind::Millisecond)?)?,
                TEXT => to.extend_from_slice(self.texts.until(END_OF_TEXT)?),
                _ => return None,
            }
        }
        to.extend_from_slice(self.rest);
        Some(())
    }
}

/// What stands between two parts: nothing behind the head, which is the first.
pub(super) fn join(to: &mut Vec<u8>, index: u64) {
    if index > 1 {
        to.push(b',');
    }
}

pub(super) fn end(to: &mut Vec<u8>) {
    to.extend_from_slice(END.as_bytes());
}

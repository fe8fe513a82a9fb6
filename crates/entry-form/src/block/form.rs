//! The form of a block before it is compressed: neighbouring entries, whole and byte by byte, column by column.
//!
//! Numbers have as many bytes as they need ([`bytes`](super::bytes)); a text or a column stands behind its length.
//!
//! ```text
//! version       1
//! entries       how many
//! ways          how many, and of each: VIN, account, source, origin, a number that is 1 where a context follows
//! pieces        how many, and of each: its bytes (see `pieces`), and the texts that were taken out of it
//! way           of each entry, as a number in the list; so are those that follow
//! received_at   milliseconds since that of the entry before
//! requested_at  0 for none, else 1 and milliseconds since received_at
//! readings, repeats
//! parts         0 where the payload stands in `whole`, else how many
//! part          of each part, its number in the list of pieces
//! stamps        of each time: of a head since received_at, of an item since the one before, in units of its kind
//! whole         payloads that were not taken apart
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use collector_core::{Origin, Vin};
use jiff::Timestamp;

use super::bytes::{Bytes, push, push_bytes, push_signed};
use super::pieces::{self, Piece, Taken};
use super::stamps::Kind;
use crate::{Feed, Stored};

const VERSION: u8 = 1;

/// What stands behind the pieces: each at the place of its constant.
type Columns<T> = [T; 9];
const WAY: usize = 0;
const RECEIVED_AT: usize = 1;
const REQUESTED_AT: usize = 2;
const READINGS: usize = 3;
const REPEATS: usize = 4;
const PARTS: usize = 5;
const PART: usize = 6;
const STAMPS: usize = 7;
const WHOLE: usize = 8;

/// Where an entry came from.
#[derive(Clone)]
struct Way {
    vin: Vin,
    feed: Arc<Feed>,
    context: Option<Arc<str>>,
}

/// Times, each as the distance to the one before it of its kind.
#[derive(Default)]
struct Before {
    second: i64,
    millisecond: i64,
}

impl Before {
    /// Those of a head: when it was received.
    fn head(received_at: i64) -> Self {
        Self {
            second: received_at.div_euclid(1_000),
            millisecond: received_at,
        }
    }

    fn of(&mut self, kind: Kind) -> &mut i64 {
        match kind {
            Kind::Second => &mut self.second,
            Kind::Millisecond => &mut self.millisecond,
        }
    }

    fn distance(&mut self, kind: Kind, at: i64) -> i64 {
        at.wrapping_sub(std::mem::replace(self.of(kind), at))
    }

    fn time(&mut self, kind: Kind, distance: i64) -> i64 {
        let before = self.of(kind);
        *before = before.wrapping_add(distance);
        *before
    }
}

/// Neighbouring entries as bytes.
pub(super) fn encode(entries: &[Stored]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    for entry in entries {
        encoder.entry(entry);
    }
    encoder.finish(entries.len())
}

#[derive(Default)]
struct Encoder<'a> {
    columns: Columns<Vec<u8>>,
    ways: HashMap<(&'a str, &'a str, &'a str, Origin, Option<&'a str>), u64>,
    listed_ways: Vec<u8>,
    /// By their bytes, with what was taken out of each.
    pieces: HashMap<Vec<u8>, usize>,
    texts: Vec<Vec<u8>>,
    received_at: i64,
    before: Before,
    taken: Taken,
}

impl<'a> Encoder<'a> {
    fn entry(&mut self, entry: &'a Stored) {
        let way = self.way(entry);
        push(&mut self.columns[WAY], way);
        let received_at = entry.received_at.as_millisecond();
        push_signed(&mut self.columns[RECEIVED_AT], received_at - self.received_at);
        self.received_at = received_at;
        match entry.requested_at {
            None => self.columns[REQUESTED_AT].push(0),
            Some(at) => {
                self.columns[REQUESTED_AT].push(1);
                push_signed(&mut self.columns[REQUESTED_AT], at.as_millisecond() - received_at);
            }
        }
        push(&mut self.columns[READINGS], entry.readings as u64);
        push(&mut self.columns[REPEATS], entry.repeats);
        let Some(parts) = pieces::parts(&entry.payload) else {
            push(&mut self.columns[PARTS], 0);
            return push_bytes(&mut self.columns[WHOLE], entry.payload.as_bytes());
        };
        let mut count = 0;
        for part in parts {
            self.part(part, count == 0);
            count += 1;
        }
        push(&mut self.columns[PARTS], count);
    }

    fn way(&mut self, entry: &'a Stored) -> u64 {
        let (vin, feed, context) = (entry.vin.as_str(), &*entry.feed, entry.context.as_deref());
        let next = self.ways.len() as u64;
        let key = (vin, &*feed.account, &*feed.source, feed.origin, context);
        *self.ways.entry(key).or_insert_with(|| {
            for text in [vin, &*feed.account, &*feed.source, feed.origin.as_str()] {
                push_bytes(&mut self.listed_ways, text.as_bytes());
            }
            self.listed_ways.push(context.is_some().into());
            if let Some(context) = context {
                push_bytes(&mut self.listed_ways, context.as_bytes());
            }
            next
        })
    }

    fn part(&mut self, part: &str, is_head: bool) {
        self.taken.clear();
        self.taken.take(part);
        let mut head = Before::head(self.received_at);
        for &(kind, at) in &self.taken.stamps {
            let before = if is_head { &mut head } else { &mut self.before };
            push_signed(&mut self.columns[STAMPS], before.distance(kind, at));
        }
        let number = match self.pieces.get(&self.taken.piece) {
            Some(&number) => number,
            None => {
                self.texts.push(Vec::new());
                self.pieces.insert(self.taken.piece.clone(), self.texts.len() - 1);
                self.texts.len() - 1
            }
        };
        self.texts[number].extend_from_slice(&self.taken.texts);
        push(&mut self.columns[PART], number as u64);
    }

    fn finish(self, entries: usize) -> Vec<u8> {
        let mut to = vec![VERSION];
        push(&mut to, entries as u64);
        push(&mut to, self.ways.len() as u64);
        to.extend_from_slice(&self.listed_ways);
        push(&mut to, self.pieces.len() as u64);
        let mut pieces: Vec<_> = self.pieces.into_iter().collect();
        pieces.sort_unstable_by_key(|(_, number)| *number);
        for (piece, number) in pieces {
            push_bytes(&mut to, &piece);
            push_bytes(&mut to, &self.texts[number]);
        }
        for column in &self.columns {
            push_bytes(&mut to, column);
        }
        to
    }
}

/// The entries in bytes, the first of which has this number; `None` where [`encode`] did not write them.
pub(super) fn decode(first: u64, bytes: &[u8]) -> Option<Vec<Stored>> {
    let mut from = Bytes(bytes);
    if from.byte()? != VERSION {
        return None;
    }
    let count = from.count()?;
    let mut decoder = Decoder {
        ways: ways(&mut from)?,
        pieces: list(&mut from, |from| Some(Piece::new(from.bytes()?.0, from.bytes()?)))?,
        columns: columns(&mut from)?,
        received_at: 0,
        before: Before::default(),
    };
    let mut entries = Vec::with_capacity(count);
    for seq in (first..).take(count) {
        entries.push(decoder.entry(seq)?);
    }
    from.0.is_empty().then_some(entries)
}

fn list<'a, T>(from: &mut Bytes<'a>, mut one: impl FnMut(&mut Bytes<'a>) -> Option<T>) -> Option<Vec<T>> {
    let count = from.count()?;
    (0..count).map(|_| one(from)).collect()
}

fn ways(from: &mut Bytes<'_>) -> Option<Vec<Way>> {
    list(from, |from| {
        Some(Way {
            vin: from.text()?.parse().ok()?,
            feed: Arc::new(Feed {
                account: from.text()?.into(),
                source: from.text()?.into(),
                origin: Origin::parse(from.text()?)?,
            }),
            context: match from.byte()? {
                0 => None,
                _ => Some(from.text()?.into()),
            },
        })
    })
}

fn columns<'a>(from: &mut Bytes<'a>) -> Option<Columns<Bytes<'a>>> {
    let mut columns = [Bytes(&[]); 9];
    for column in &mut columns {
        *column = from.bytes()?;
    }
    Some(columns)
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}

struct Decoder<'a> {
    ways: Vec<Way>,
    pieces: Vec<Piece<'a>>,
    columns: Columns<Bytes<'a>>,
    received_at: i64,
    before: Before,
}

impl Decoder<'_> {
    fn entry(&mut self, seq: u64) -> Option<Stored> {
        let way = usize::try_from(self.columns[WAY].number()?).ok()?;
        let Way { vin, feed, context } = self.ways.get(way)?.clone();
        let distance = self.columns[RECEIVED_AT].signed()?;
        self.received_at = self.received_at.wrapping_add(distance);
        let requested_at = match self.columns[REQUESTED_AT].byte()? {
            0 => None,
            _ => Some(
                self.received_at
                    .wrapping_add(self.columns[REQUESTED_AT].signed()?),
            ),
        };
        let entry = Stored {
            seq,
            vin,
            feed,
            context,
            requested_at: requested_at.map(timestamp),
            received_at: timestamp(self.received_at),
            readings: usize::try_from(self.columns[READINGS].number()?).ok()?,
            repeats: self.columns[REPEATS].number()?,
            payload: String::from_utf8(self.payload()?).ok()?,
            checksum: 0,
        };
        Some(entry.summed())
    }

    fn payload(&mut self) -> Option<Vec<u8>> {
        let parts = self.columns[PARTS].number()?;
        if parts == 0 {
            return Some(self.columns[WHOLE].bytes()?.0.to_vec());
        }
        // Most have one reading.
        let mut payload = Vec::with_capacity(256);
        let mut head = Before::head(self.received_at);
        for index in 0..parts {
            pieces::join(&mut payload, index);
            let number = usize::try_from(self.columns[PART].number()?).ok()?;
            let before = if index == 0 { &mut head } else { &mut self.before };
            let stamps = &mut self.columns[STAMPS];
            let stamp = |kind| Some(before.time(kind, stamps.signed()?));
            self.pieces.get_mut(number)?.put(&mut payload, stamp)?;
        }
        pieces::end(&mut payload);
        Some(payload)
    }
}

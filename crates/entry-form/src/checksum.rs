//! The checksum of an entry: what was damaged on a disk or on the way to another machine is never delivered.
//!
//! CRC-32 (IEEE, as in zlib) over these parts, one behind the other. Numbers are 64 bits in big-endian order;
//! a text is the number of its bytes, then its UTF-8.
//!
//! ```text
//! seq                number
//! VIN                text
//! account            text
//! source             text
//! origin             text: poll, stream, archive
//! requested_at       a byte 0, or a byte 1 and a number: milliseconds since the epoch
//! received_at        number: milliseconds since the epoch
//! readings, repeats  numbers
//! payload            text
//! context            text, only where there is one
//! ```

use crc32fast::Hasher;

/// The whole of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    pub seq: u64,
    pub vin: &'a str,
    pub account: &'a str,
    pub source: &'a str,
    pub origin: &'a str,
    pub requested_at: Option<i64>,
    pub received_at: i64,
    pub readings: u64,
    pub repeats: u64,
    pub payload: &'a str,
    /// The display units that the vehicle showed, where something was known of them.
    pub context: Option<&'a str>,
}

impl Content<'_> {
    /// The sum of all of it.
    pub fn checksum(&self) -> u32 {
        let mut hasher = Hasher::new();
        hasher.update(&self.seq.to_be_bytes());
        for text in [self.vin, self.account, self.source, self.origin] {
            update_text(&mut hasher, text);
        }
        match self.requested_at {
            None => hasher.update(&[0]),
            Some(at) => {
                hasher.update(&[1]);
                hasher.update(&at.to_be_bytes());
            }
        }
        hasher.update(&self.received_at.to_be_bytes());
        hasher.update(&self.readings.to_be_bytes());
        hasher.update(&self.repeats.to_be_bytes());
        for text in [Some(self.payload), self.context].into_iter().flatten() {
            update_text(&mut hasher, text);
        }
        hasher.finalize()
    }
}

fn update_text(hasher: &mut Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content<'static> = Content {
        seq: 7,
        vin: "WBY8P210X07A12345",
        account: "home",
        source: "telematics",
        origin: "poll",
        requested_at: Some(1_772_366_400_000),
        received_at: 1_772_366_401_000,
        readings: 1,
        repeats: 2,
        payload: r#"{"v":1,"readings":[["vehicle.x",{"value":"74"}]]}"#,
        context: None,
    };
    const MILES: Option<&str> = Some(r#"{"vehicle.cabin.infotainment.displayUnit.distance":"MI"}"#);

    /// Journals hold these sums, which another program computed from the description: the form never changes.
    #[test]
    fn the_form_is_the_one_on_disk() {
        assert_eq!(CONTENT.checksum(), 0xa615e85f);
        let unasked = Content {
            requested_at: None,
            ..CONTENT
        };
        assert_eq!(unasked.checksum(), 0x6b9521a3);
        let abroad = Content {
            context: MILES,
            ..CONTENT
        };
        assert_eq!(abroad.checksum(), 0x25b4759f);
    }

    #[test]
    fn every_part_counts() {
        let changed = [
            Content { seq: 8, ..CONTENT },
            Content {
                vin: "WBY8P210X07A12346",
                ..CONTENT
            },
            Content {
                account: "hom",
                source: "etelematics",
                ..CONTENT
            },
            Content {
                origin: "stream",
                ..CONTENT
            },
            Content {
                requested_at: Some(0),
                ..CONTENT
            },
            Content {
                received_at: 0,
                ..CONTENT
            },
            Content {
                readings: 2,
                repeats: 1,
                ..CONTENT
            },
            Content {
                payload: "",
                ..CONTENT
            },
            Content {
                context: MILES,
                ..CONTENT
            },
        ];
        for content in changed {
            assert_ne!(content.checksum(), CONTENT.checksum(), "{content:?}");
        }
    }
}

//! Blocks by themselves: small, and what is damaged in one is seen.

use std::sync::Arc;

use collector_core::Origin;
use entry_form::Feed;

use super::*;

const NOON: i64 = 1_772_366_400_000;

fn entry(seq: u64, payload: &str) -> Stored {
    let entry = Stored {
        seq,
        vin: "WBY8P210X07A12345".parse().unwrap(),
        feed: Arc::new(Feed {
            account: "home".into(),
            source: "stream".into(),
            origin: Origin::Stream,
        }),
        requested_at: None,
        received_at: timestamp(NOON),
        readings: 1,
        repeats: 0,
        payload: payload.to_owned(),
        context: None,
        checksum: 0,
    };
    entry.summed()
}

/// A message of one key, as BMW sends it in a drive: bursts of sixty keys, stamped in whole seconds.
fn message(number: u64) -> Stored {
    let (burst, key) = (number / 60, number % 60);
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let at = NOON / 1_000 + i64::try_from(burst * 30 + mixed % 3).unwrap();
    let sent = at * 1_000 + i64::try_from(3_400 + key * 20 + mixed % 17).unwrap();
    let payload = format!(
        r#"{{"v":1,"sent":"{:.3}","readings":[["vehicle.part{}.key{key}.value",{{"timestamp":"{:.0}","unit":"km","value":{}}}]]}}"#,
        timestamp(sent),
        key % 7,
        timestamp(at * 1_000),
        (burst / 7 + mixed % 23) as f64 / 10.0
    );
    let mut entry = entry(number + 1, &payload);
    entry.received_at = timestamp(sent + i64::try_from(mixed % 120).unwrap());
    entry.summed()
}

#[test]
fn a_message_takes_few_bytes() {
    let entries: Vec<Stored> = (0..MOST).map(message).collect();
    let (head, content) = close(&entries).unwrap();
    assert_eq!((head.count(), head.readings), (MOST, MOST));
    let bytes = content.len() as u64;
    assert!(bytes < 8 * MOST, "{bytes} bytes for {MOST} messages");
}

#[test]
fn a_flipped_bit_anywhere_is_seen() {
    let entries: Vec<Stored> = (0..100).map(message).collect();
    let (head, content) = close(&entries).unwrap();
    for at in 0..content.len() {
        let mut damaged = content.clone();
        damaged[at] ^= 1 << (at % 8);
        assert_eq!(open(&head, &damaged), None, "byte {at}");
        assert_eq!(open(&head, &content[..at]), None, "cut at {at}");
    }
    for damaged in [
        Head { first: 2, ..head },
        Head { last: 99, ..head },
        Head { filled: 99, ..head },
        Head {
            readings: 101,
            ..head
        },
        Head {
            received_at: 0,
            ..head
        },
        Head { checksum: 0, ..head },
    ] {
        assert_eq!(open(&damaged, &content), None, "{damaged:?}");
    }
}

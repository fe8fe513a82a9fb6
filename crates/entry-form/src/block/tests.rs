//! What goes into a block comes out, byte by byte, or nothing does.

use std::sync::Arc;

use collector_core::Origin;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::Feed;

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

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

#[test]
fn a_damaged_size_takes_no_memory() {
    let mut content = compress(b"0123456789").unwrap();
    assert_eq!(decompress(&content).unwrap(), b"0123456789");
    for size in [0, 9, 11, 10 << 20, u32::MAX] {
        content[..4].copy_from_slice(&size.to_be_bytes());
        assert_eq!(decompress(&content), None, "{size}");
    }
    assert_eq!(decompress(&[]), None);
}

/// Journals hold blocks of this form: whatever else is written some day, it is read for ever.
#[test]
fn the_form_is_the_one_on_disk() {
    let mut entries = vec![
        entry(
            7,
            r#"{"v":1,"sent":"2026-03-01T12:00:00.250Z","readings":[["x",{"value":7,"timestamp":"2026-03-01T11:59:58Z"}]]}"#,
        ),
        entry(
            8,
            r#"{"v":1,"readings":[["x",{"value":"a"}],["y",{"value":null},1]]}"#,
        ),
        entry(9, "?"),
    ];
    entries[1].requested_at = Some(timestamp(NOON - 1_000));
    entries[1].context = Some("{}".into());
    for entry in &mut entries {
        *entry = entry.clone().summed();
    }
    let bytes = form::encode(&entries);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, include_str!("form.hex").replace('\n', ""));
    assert_eq!(form::decode(7, &bytes).unwrap(), entries);
}

fn payloads() -> impl Strategy<Value = String> {
    let stamp = prop_oneof![
        (0..4_000_000_000_i64).prop_map(|at| format!("{:.0}", timestamp(at * 1_000))),
        (0..4_000_000_000_000_i64).prop_map(|at| format!("{:.3}", timestamp(at))),
        "[0-9TZ:.-]{0,24}",
    ];
    let value = prop_oneof![
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?",
        "\"[A-Z_]{0,8}\"",
        stamp.clone().prop_map(|stamp| format!("\"{stamp}\"")),
        Just(r#"{"nested":[1,"],[\"x\"",2]}"#.to_owned()),
        Just(r#""a\"b],[\"c,}""#.to_owned()),
        "\\PC{0,6}",
    ];
    let body =
        (value, stamp).prop_map(|(value, stamp)| format!(r#"{{"value":{value},"timestamp":"{stamp}"}}"#));
    let item = ("[a-c]", body, 0..3_u32).prop_map(|(descriptor, body, occurrence)| match occurrence {
        0 => format!(r#"["vehicle.{descriptor}",{body}]"#),
        _ => format!(r#"["vehicle.{descriptor}",{body},{occurrence}]"#),
    });
    let items = prop::collection::vec(item, 0..4);
    prop_oneof![
        8 => items.prop_map(|items| format!(r#"{{"v":1,"readings":[{}]}}"#, items.join(","))),
        1 => "\\PC{0,30}",
        1 => "[\\x00-\\x7f]{0,30}",
        1 => r#"(\{"v":1,"readings":\[)?[\]\},\["\x00-\x05]{0,9}(\]\})?"#,
    ]
}

fn entries() -> impl Strategy<Value = Vec<Stored>> {
    let one = (
        payloads(),
        any::<(bool, bool, u8)>(),
        -1_000_000_000..4_000_000_000_000_i64,
        proptest::option::of(-9_000_000_i64..9_000_000),
        (0..70_000_usize, any::<u64>()),
    );
    let one = one.prop_map(
        |(payload, (other, is_poll, context), at, asked, (readings, repeats))| {
            let mut entry = entry(0, &payload);
            if other {
                entry.vin = "WBA11AA0001234567".parse().unwrap();
            }
            if is_poll {
                entry.feed = Arc::new(Feed {
                    account: "ä".into(),
                    source: String::new().into(),
                    origin: Origin::Poll,
                });
            }
            entry.context = (context < 80).then(|| format!("{{\"unit\":{}}}", context % 3).into());
            entry.received_at = timestamp(at);
            entry.requested_at = asked.map(|asked| timestamp(at + asked));
            (entry.readings, entry.repeats) = (readings, repeats);
            entry
        },
    );
    (1..1_u64 << 50, prop::collection::vec(one, 1..40)).prop_map(|(first, mut entries)| {
        for (entry, seq) in entries.iter_mut().zip(first..) {
            entry.seq = seq;
            *entry = entry.clone().summed();
        }
        entries
    })
}

proptest! {
    #[test]
    fn entries_come_out_as_they_went_in(entries in entries()) {
        let content = pack(&entries).unwrap();
        prop_assert_eq!(unpack(entries[0].seq, &content), Some(entries));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        let _ = form::decode(1, &[&[1], &*bytes].concat());
        let _ = decompress(&bytes);
    }

    #[test]
    fn what_is_almost_a_block_does_not_panic(
        entries in entries(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = form::encode(&entries);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = form::decode(entries[0].seq, &bytes);
    }
}

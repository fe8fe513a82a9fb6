//! A history that moves: out as lines, in as lines, and nothing of it twice.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::care::export::{Wanted, export};
use crate::care::import::{ImportError, ImportSummary};
use entry_form::lines::{LONGEST, parse_entry, parse_header};

pub(super) fn exported(state: &Path) -> String {
    let mut output = Vec::new();
    let damaged = |damage| panic!("{damage}");
    export(
        state,
        &Wanted::default(),
        time(NOON),
        &mut output,
        damaged,
        |_| (),
    )
    .unwrap();
    String::from_utf8(output).unwrap()
}

pub(super) async fn import(
    journal: &Journal,
    text: &[u8],
) -> Result<(ImportSummary, Vec<String>), ImportError> {
    let mut bad = Vec::new();
    let tell = |line, error| bad.push(format!("{line}: {error}"));
    let summary = journal.import(&mut &*text, tell, |_| ()).await?;
    Ok((summary, bad))
}

/// The lines without what each journal decides for itself: numbers, and with them the checksums.
pub(super) fn without_numbers(text: &str) -> Vec<BTreeMap<String, serde_json::Value>> {
    let lines = text.lines().skip(1).map(|line| {
        let mut entry: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).unwrap();
        assert!(entry.remove("seq").is_some() && entry.remove("checksum").is_some());
        entry
    });
    lines.collect()
}

fn status(value: &str, minute: i64) -> RawReading {
    let stamp = time(NOON + 86_400_000 + minute * 60_000 + 400);
    raw(
        HV_STATUS,
        &format!(r#"{{"value":"{value}","timestamp":"{stamp:.3}"}}"#),
    )
}

/// What comes and goes, stamps of the call, two values of one time, misfits, and white space of BMW's.
async fn eventful(journal: &Journal) {
    append(journal, poll(0, vec![soc(70, 0), status("CHARGING", 0)])).await;
    append(journal, poll(1, vec![soc(70, 0), raw(SOC, r#"{"value":null}"#)])).await;
    append(
        journal,
        poll(
            2,
            vec![soc(70, 0), raw(SOC, r#"{"value":null}"#), status("CHARGING", 2)],
        ),
    )
    .await;
    append(
        journal,
        poll(
            3,
            vec![soc(71, 0), raw(SOC, r#"{"value":"odd"}"#), status("FINISHED", 3)],
        ),
    )
    .await;
    append(journal, poll(4, vec![])).await;
    append(
        journal,
        poll(
            5,
            vec![
                raw("vehicle.new", "{\n\"value\":\t\"a\\\"ä\"\r\n}"),
                status("CHARGING", 5),
            ],
        ),
    )
    .await;
    let message = RawSnapshot {
        vin: vin(1),
        origin: Origin::Stream,
        requested_at: None,
        ..poll(6, vec![soc(70, 0)])
    };
    append(journal, message).await;
}

#[tokio::test]
async fn what_goes_out_comes_in_again_once() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(one.path());
    eventful(&from).await;
    let text = exported(one.path());
    let to = open(two.path());
    let (summary, bad) = import(&to, text.as_bytes()).await.unwrap();
    assert_eq!((summary.entries, summary.known, bad.len()), (7, 0, 0));
    let again = exported(two.path());
    assert_eq!(without_numbers(&again), without_numbers(&text));
    assert!(
        again.contains(r#""payload_text":"#),
        "line ends do not end the line"
    );
    from.flush().await.unwrap();
    let seen = |state: &Path| inspect::<u64>(state, "select sum(hash & 65535) from seen");
    assert_eq!(seen(two.path()), seen(one.path()));
    for state in [one.path(), two.path()] {
        assert_eq!(
            inspect::<u32>(state, "select count(*) from dead_letter where sink = ''"),
            1
        );
    }
    let (summary, bad) = import(&to, text.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.entries, summary.readings, summary.known, bad.len()),
        (0, 0, 7, 0)
    );
    assert_eq!(
        exported(two.path()).lines().skip(1).collect::<Vec<_>>(),
        again.lines().skip(1).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn after_a_move_the_next_poll_brings_only_news() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(one.path());
    eventful(&from).await;
    let to = open(two.path());
    import(&to, exported(one.path()).as_bytes()).await.unwrap();
    for journal in [&from, &to] {
        let next = poll(
            9,
            vec![
                soc(71, 0),
                status("CHARGING", 9),
                raw("vehicle.new", r#"{"value":"a\"ä"}"#),
            ],
        );
        let next = append(journal, next).await;
        assert_eq!((next.new, next.repeats), (0, 3));
    }
}

#[tokio::test]
async fn an_older_history_does_not_change_what_is_the_last_value() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let old = open(one.path());
    append(&old, poll(0, vec![status("FINISHED", 0), soc(50, 0)])).await;
    let journal = open(two.path());
    append(&journal, poll(60, vec![status("CHARGING", 60), soc(60, 60)])).await;
    let (summary, _) = import(&journal, exported(one.path()).as_bytes()).await.unwrap();
    assert_eq!((summary.entries, summary.readings), (1, 2));
    assert_eq!(
        append(&journal, poll(61, vec![status("CHARGING", 61)])).await.new,
        0,
        "it still charges"
    );
    assert_eq!(
        append(&journal, poll(62, vec![status("FINISHED", 62)])).await.new,
        1,
        "now it does not"
    );
}

#[tokio::test]
async fn two_histories_of_one_car_become_one() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let journals = [0, 1, 2].map(|index| open(folders[index].path()));
    append(&journals[0], poll(0, vec![soc(70, 0), soc(71, 1)])).await;
    append(&journals[1], poll(2, vec![soc(71, 1), soc(72, 2)])).await;
    for from in [0, 1, 0, 1] {
        import(&journals[2], exported(folders[from].path()).as_bytes())
            .await
            .unwrap();
    }
    assert_eq!(numbers(&read_all(&journals[2], 0, 10).await), [70.0, 71.0, 72.0]);
    assert_eq!(
        inspect::<u64>(folders[2].path(), "select sum(repeats) from log"),
        1
    );
}

#[tokio::test]
async fn an_entry_that_was_lost_gets_its_place_back() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    eventful(&journal).await;
    let text = exported(state.path());
    let tamper = rusqlite::Connection::open(state.path().join(store::FILE)).unwrap();
    tamper
        .execute("update log set payload = 'x' where seq = 4", [])
        .unwrap();
    tamper.execute("delete from log where seq = 1", []).unwrap();
    let (summary, bad) = import(&journal, text.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.entries, summary.mended, summary.known, bad.len()),
        (2, 2, 5, 0)
    );
    assert_eq!(exported(state.path()), text);
    assert_eq!(
        inspect::<u32>(state.path(), "select count(*) from dead_letter where sink = ''"),
        1
    );
    assert_eq!(
        append(&journal, poll(9, vec![soc(71, 0), soc(72, 0)])).await.new,
        1
    );
}

#[tokio::test]
async fn bad_lines_are_named_and_the_others_taken_in() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(one.path());
    for minute in 0..3 {
        append(&from, poll(minute, vec![soc(70, minute)])).await;
    }
    let text = exported(one.path());
    let lines: Vec<_> = text.lines().collect();
    let mut bytes = format!("{}\n{}\n", lines[0], lines[1]).into_bytes();
    let altered = [
        lines[2].replace("\"70\"", "\"71\""),
        lines[2].replacen("{\"seq\"", "{\"seq\":1,\"seq\"", 1),
        lines[2].replace("\"readings\":1,", "\"readings\":\"one\","),
        lines[2].replace("2026-03-02T12", "0026-03-02T12"),
        lines[2].replace("\"home\"", "\"\""),
        "\u{0}\u{1}".to_owned(),
        String::new(),
        "[".repeat(100_000),
    ];
    for line in &altered {
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"\xff\xfe\n");
    bytes.resize(bytes.len() + 100_000_000, b'x');
    bytes.extend_from_slice(format!("\n{}\r\n{}", lines[3], &lines[2][..lines[2].len() - 5]).as_bytes());
    let to = open(two.path());
    let (summary, bad) = import(&to, &bytes).await.unwrap();
    assert_eq!((summary.entries, summary.bad), (2, 11), "{bad:#?}");
    let numbers: Vec<_> = bad.iter().map(|bad| bad.split(':').next().unwrap()).collect();
    assert_eq!(
        numbers,
        ["3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "14"]
    );
    assert!(
        bad[0].contains("checksum") && bad[1].contains("duplicate"),
        "{bad:#?}"
    );
    assert_eq!(
        bad[2], "5: invalid type at column 181",
        "what it holds stays out of the log"
    );
    assert!(bad[9].contains("longer than"), "{bad:#?}");
    const { assert!(LONGEST < 100_000_000) };
}

#[tokio::test]
async fn lines_of_a_later_version_and_files_of_others_are_refused_whole() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for (text, words) in [
        (r#"{"cardata_journal":2,"lines":"binary"}"#, "format 2"),
        (r#"{"seq":1}"#, "does not begin"),
        ("measured_at,vehicle\n", "does not begin"),
        ("", "there is none"),
    ] {
        let error = import(&journal, text.as_bytes()).await.unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
}

#[tokio::test]
async fn a_time_and_a_vehicle_choose_what_goes_out() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    for minute in 0..4 {
        append(&journal, poll(minute, vec![soc(70, minute)])).await;
    }
    let other = RawSnapshot {
        vin: vin(1),
        ..poll(2, vec![soc(9, 2)])
    };
    append(&journal, other).await;
    let count = |wanted: &Wanted| {
        let mut output = Vec::new();
        export(state.path(), wanted, time(NOON), &mut output, |_| (), |_| ())
            .unwrap()
            .entries
    };
    let (since, until) = (
        Some(poll(1, vec![]).received_at),
        Some(poll(3, vec![]).received_at),
    );
    assert_eq!(
        count(&Wanted {
            since,
            ..Wanted::default()
        }),
        4
    );
    assert_eq!(
        count(&Wanted {
            until,
            ..Wanted::default()
        }),
        4
    );
    assert_eq!(
        count(&Wanted {
            since,
            until,
            vehicle: Some(vin(0))
        }),
        2
    );
}

fn sent() -> impl Strategy<Value = (i64, bool, Vec<RawReading>)> {
    let value = prop_oneof![
        (0..3_u8).prop_map(|number| format!("\"{number}\"")),
        Just("\"odd\"".to_owned()),
        Just("null".to_owned()),
        "\"\\PC{0,8}\"".prop_filter("a JSON text", |text| serde_json::from_str::<String>(text).is_ok()),
    ];
    let reading = (0..3_usize, value, prop::option::of(0..3_i64)).prop_map(|(descriptor, value, minute)| {
        let stamp = minute.map_or("null".to_owned(), |minute| {
            format!("\"{:.3}\"", time(NOON + minute * 60_000))
        });
        raw(
            [SOC, HV_STATUS, "vehicle.new"][descriptor],
            &format!(r#"{{"value":{value},"timestamp":{stamp}}}"#),
        )
    });
    (1..4_i64, any::<bool>(), prop::collection::vec(reading, 0..5))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_history_moves_whole(history in prop::collection::vec(sent(), 1..12)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let (from, to) = (open(one.path()), open(two.path()));
            let mut minute = 0;
            for (wait, polled, readings) in history {
                minute += wait;
                let origin = if polled { Origin::Poll } else { Origin::Stream };
                append(&from, RawSnapshot { origin, ..poll(minute, readings) }).await;
            }
            let text = exported(one.path());
            let (summary, bad) = import(&to, text.as_bytes()).await.unwrap();
            assert_eq!((bad.len(), summary.repeats), (0, 0));
            assert_eq!(without_numbers(&exported(two.path())), without_numbers(&text));
            let (summary, _) = import(&to, text.as_bytes()).await.unwrap();
            assert_eq!((summary.entries, summary.readings), (0, 0));
        });
    }

    #[test]
    fn garbage_is_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,200}") {
        prop_assert!(parse_entry(&bytes).is_err() && parse_entry(text.as_bytes()).is_err());
        prop_assert!(parse_header(&bytes).is_err());
        let _ = entry_form::payload::for_each(&text, |_, _, _| ());
    }

    /// The checksum sees every change; what is white space or another spelling of the same makes the same entry.
    #[test]
    fn a_line_with_a_changed_byte_is_refused_or_the_same(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let line = include_str!("line.json").trim_end();
        let sound = format!("{:?}", parse_entry(line.as_bytes()).unwrap());
        let mut bytes = line.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(entry) = parse_entry(&bytes) {
            prop_assert_eq!(format!("{:?}", entry), sound);
        }
    }
}

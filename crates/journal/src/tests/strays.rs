//! Messages that cannot be read.

use collector_core::Stray;

use super::*;

fn stray(minute: i64, payload: &str, reason: &str) -> Stray {
    Stray {
        received_at: time(NOON + minute * 60_000),
        topic: "gcid/vin".to_owned(),
        payload: payload.as_bytes().to_vec(),
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn equal_strays_are_kept_once_and_counted() {
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    let strays = vec![
        stray(0, "{", "no JSON"),
        stray(5, "[]", "no object"),
        stray(3, "{", "no JSON"),
    ];
    journal.keep_strays("home", "stream", strays).await.unwrap();
    journal
        .keep_strays("home", "stream", vec![stray(9, "[]", "no object")])
        .await
        .unwrap();
    let overview = journal.overview().unwrap();
    let reasons = overview.stray_reasons().unwrap().into_iter();
    assert_eq!(
        reasons.map(|one| (one.reason, one.times)).collect::<Vec<_>>(),
        [("no JSON".to_owned(), 2), ("no object".to_owned(), 2)]
    );
    let entries = overview.stray_entries().unwrap();
    let shown = entries
        .iter()
        .map(|one| (one.reason.as_str(), one.bytes, one.times, one.first_at));
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("no object", 2, 2, time(NOON + 5 * 60_000)),
            ("no JSON", 1, 2, time(NOON))
        ]
    );
    assert_eq!(
        overview.stray_payload(entries[0].id).unwrap().as_deref(),
        Some(b"[]".as_slice())
    );
    assert_eq!(overview.stray_payload(99).unwrap(), None);
    let payload: Vec<u8> = inspect(
        state.path(),
        "select payload from stray where times = 2 order by id",
    );
    assert_eq!(payload, b"{");
}

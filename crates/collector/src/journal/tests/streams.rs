//! The connections of streams, and what of them cannot be read.

use collector_core::Stray;

use super::*;
use crate::journal::streams::{StrayTotals, StreamFact, StreamRecord};

fn stray(minute: i64, payload: &str, reason: &str) -> Stray {
    Stray {
        received_at: time(NOON + minute * 60_000),
        topic: "gcid/vin".to_owned(),
        payload: payload.as_bytes().to_vec(),
        reason: reason.to_owned(),
    }
}

#[tokio::test]
async fn a_connection_is_known_since_the_first_of_its_logins() {
    use StreamFact::{Breaker, Ended, Evicted, Heard, LoggedIn};
    let state = tempfile::tempdir().unwrap();
    let journal = open(state.path());
    assert_eq!(journal.overview().unwrap().streams().unwrap(), []);
    let note = |facts| journal.remember_stream("home", "stream", facts);
    note(vec![LoggedIn { at: time(NOON) }]).await.unwrap();
    note(vec![
        LoggedIn { at: time(NOON + 1) },
        Heard { at: time(NOON + 2) },
    ])
    .await
    .unwrap();
    let record = StreamRecord {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        connected_since: Some(time(NOON)),
        last_message_at: Some(time(NOON + 2)),
        logins: 2,
        evictions: 0,
    };
    assert_eq!(
        journal.overview().unwrap().streams().unwrap(),
        vec![record.clone()]
    );
    note(vec![Ended, Evicted { times: 3 }, Evicted { times: 1 }])
        .await
        .unwrap();
    note(vec![LoggedIn { at: time(NOON + 9) }, Breaker("{}".to_owned())])
        .await
        .unwrap();
    let later = StreamRecord {
        connected_since: Some(time(NOON + 9)),
        logins: 3,
        evictions: 4,
        ..record
    };
    assert_eq!(journal.overview().unwrap().streams().unwrap(), [later]);
    assert_eq!(
        journal.stream_breaker("home", "stream").await.unwrap().as_deref(),
        Some("{}")
    );
    assert_eq!(journal.stream_breaker("other", "stream").await.unwrap(), None);
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
    let totals = StrayTotals {
        account: "home".to_owned(),
        source: "stream".to_owned(),
        messages: 2,
        times: 4,
        last_at: time(NOON + 9 * 60_000),
        reason: "no object".to_owned(),
    };
    assert_eq!(journal.overview().unwrap().strays().unwrap(), [totals]);
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

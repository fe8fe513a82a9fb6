//! What was a reading and is none by the rules of today, in replays of a span of time.

use super::dead_letters::{UNKNOWN, append_unknown, append_unknowns, letters, upgraded};
use super::rewrites::Shelf;
use super::*;
use collector_core::Value;
use journal::log::replay::ReplayRequest;

fn between(since: i64, until: i64) -> ReplayRequest {
    let at = |second| Some(Timestamp::from_second(second).unwrap());
    ReplayRequest {
        sink: "only".to_owned(),
        since: at(since),
        until: at(until),
        ..ReplayRequest::default()
    }
}

/// The moments and values of the shelf.
fn held(shelf: &Shelf) -> Vec<(i64, Value)> {
    let contents = shelf.contents().into_iter();
    contents.map(|((_, _, at), value)| (at, value)).collect()
}

#[tokio::test]
async fn what_a_rewrite_takes_away_for_good_has_one_letter() {
    let (mut rig, shelf) = (Rig::new(), Shelf::default());
    for (value, at) in [("some", 3), ("5", 5), ("other", 9)] {
        append_unknown(&rig, value, at).await;
    }
    rig.live(&shelf).await;
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(
        held(&shelf),
        [(3, text("some")), (5, text("5")), (9, text("other"))]
    );

    let mut rig = upgraded(rig, "number");
    for since in [3, 3, 4] {
        rig.rewrite(between(since, 6)).await;
        rig.live(&shelf).await;
        assert_eq!(held(&shelf), [(5, Value::Number(5.0)), (9, text("other"))]);
        let told: Vec<_> = letters(&rig)
            .into_iter()
            .map(|letter| (letter.sink, letter.seq, letter.descriptor))
            .collect();
        assert_eq!(told, [("only".to_owned(), 1, UNKNOWN.to_owned())]);
    }
    assert_eq!(letters(&rig)[0].attempts, 1, "the last replay was not about it");
}

#[tokio::test]
async fn its_letter_stays_when_a_neighbour_is_delivered() {
    let rig = Rig::new();
    append_unknowns(&rig, &[("some", 3), ("5", 5)]).await;
    let rig = upgraded(rig, "number");
    let (sink, _store) = scripted([]);
    rig.drain(rig.worker("only").await, sink).await;
    assert_eq!(letters(&rig).len(), 1);
    let asked = rig.journal.request_replay(between(4, 6), noon()).await.unwrap();
    assert!(asked.is_some());
    let (sink, mut store) = scripted([]);
    rig.worker("only").await.redeliver(sink).await;
    assert_eq!(store.seqs(), [[1]]);
    assert_eq!(letters(&rig).len(), 1);
}

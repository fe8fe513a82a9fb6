//! Messages that move: those that came together are told apart.

use super::moving::{exported, import, without_numbers};
use super::*;

async fn hear(journal: &Journal, messages: Vec<Vec<RawReading>>) {
    let messages = messages.into_iter().map(|readings| RawSnapshot {
        origin: Origin::Stream,
        requested_at: None,
        ..poll(0, readings)
    });
    journal
        .append("home".into(), "stream".into(), messages.collect())
        .await
        .unwrap();
}

#[tokio::test]
async fn messages_that_came_together_move_one_by_one_and_once() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let from = open(one.path());
    let absent = || raw(SOC, r#"{"value":null}"#);
    let misfit = |text: &str| raw(SOC, &format!(r#"{{"value":"{text}"}}"#));
    let together = vec![
        vec![soc(70, 0)],
        vec![misfit("odd")],
        vec![soc(71, 1), absent()],
        vec![soc(71, 2)],
        vec![misfit("odder")],
    ];
    hear(&from, together).await;
    let text = exported(one.path());
    let to = open(two.path());
    // A part of it is there by another way.
    append(&to, poll(-10, vec![soc(70, 0)])).await;
    let (summary, _) = import(&to, text.as_bytes()).await.unwrap();
    assert_eq!(
        (summary.entries, summary.readings, summary.known),
        (4, 2, 1),
        "{summary:?}"
    );
    let again = exported(two.path());
    assert_eq!(without_numbers(&again)[1..], without_numbers(&text)[1..]);
    let misfits = "select count(*) from dead_letter where sink = ''";
    assert_eq!(inspect::<u32>(two.path(), misfits), 2);
    let (summary, _) = import(&to, text.as_bytes()).await.unwrap();
    assert_eq!((summary.entries, summary.known), (0, 5));
    assert_eq!(exported(two.path()).lines().count(), again.lines().count());
    // What comes next is held against the last of them.
    hear(&to, vec![vec![misfit("odder")], vec![absent()]]).await;
    assert_eq!(inspect::<u32>(two.path(), misfits), 2);
    assert_eq!(
        exported(two.path()).lines().count(),
        again.lines().count() + 1,
        "an absence behind a misfit is news"
    );
}

//! What a sink promises after a power cut in the middle of a write: what came before it and behind it is whole.

use super::{Harness, close_twice, context, entries, expected, stored_once};

pub(super) async fn conformance(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 9);
    let mut sink = harness.open(context()).await;
    sink.write(&all[..3]).await.expect("an acknowledged write");
    sink.write(&all[3..6])
        .await
        .expect("a write that nobody acknowledged");
    close_twice(sink).await;
    if !harness.tear().await {
        return;
    }
    let mut sink = harness.open(context()).await;
    sink.write(&all[3..6]).await.expect("the same write again");
    sink.write(&all[6..]).await.expect("what follows");
    close_twice(sink).await;
    assert_eq!(
        stored_once(harness).await,
        expected(&all),
        "nothing is lost or altered around a torn write"
    );
}

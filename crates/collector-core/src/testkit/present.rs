//! What a sink that shows the present promises about values that end.

use super::entries::BEGIN;
use super::{Harness, close_twice, context, ended, entry_with, reading};
use crate::{Entry, Reading, Value};

pub(super) async fn conformance(harness: &mut impl Harness) {
    harness.reset().await;
    if harness.present().await.is_none() {
        return;
    }
    let power = |minute: i64| power(BEGIN + minute * 60_000);
    let end = |seq, minute: i64| ended(seq, &power(0).descriptor, BEGIN + minute * 60_000);
    let told = |seq, minute| entry_with(seq, vec![power(minute)]);
    let steps: [(Entry, bool, &str); 6] = [
        (told(1, 10), true, "a value is shown"),
        (end(3, 9), true, "an end from before it ends nothing"),
        (end(5, 15), false, "an end from behind it does"),
        (told(7, 12), false, "a value from before the end stays hidden"),
        (told(9, 20), true, "one from behind it is shown"),
        (end(11, 15), true, "the end comes again and ends nothing"),
    ];
    let mut sink = harness.open(context()).await;
    for (entry, is_shown, promise) in steps {
        sink.write(&[entry]).await.expect("a write");
        let shown = harness.present().await.unwrap_or_default();
        let is_power = |(_, descriptor): &(String, String)| *descriptor == *power(0).descriptor.as_str();
        assert_eq!(shown.iter().any(is_power), is_shown, "{promise}");
    }
    close_twice(sink).await;
}

fn power(at: i64) -> Reading {
    let id = "vehicle.powertrain.electric.battery.charging.power";
    reading(id, "charging_power", Value::Number(11_000.0), Some("W"), at)
}

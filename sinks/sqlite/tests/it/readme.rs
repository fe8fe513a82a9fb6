//! The README's queries work and show something.

use collector_core::testkit::{entries, entry_with};

use crate::kinds;
use crate::store::{NOON, Store, number, place, query, soc, text};

const README: &str = include_str!("../../README.md");

/// The text of every fenced block of a language.
fn blocks(language: &str) -> Vec<String> {
    let fence = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = README.lines();
    while lines.any(|line| line == fence) {
        let block = lines.by_ref().take_while(|line| *line != "```");
        blocks.push(block.collect::<Vec<_>>().join("\n"));
    }
    blocks
}

#[tokio::test]
async fn every_query_of_the_readme_finds_something() {
    let store = Store::new();
    let mut sink = store.sink();
    let range = "vehicle.drivetrain.electricEngine.remainingElectricRange";
    let status = "vehicle.drivetrain.electricEngine.charging.status";
    let power = "vehicle.powertrain.electric.battery.charging.power";
    let health = "vehicle.powertrain.electric.battery.stateOfHealth.displayed";
    let day = vec![
        soc(40.0, NOON + 7_200_000),
        number(range, "electric_range", 180.0, "km", NOON + 7_200_000),
        text(status, "charging_status", "CHARGINGACTIVE", NOON + 7_200_000),
        number(power, "charging_power", 11_000.0, "W", NOON + 7_200_000),
        number(health, "battery_health", 97.0, "%", NOON + 7_200_000),
        place("latitude", 48.1, NOON + 7_200_000),
        place("longitude", 11.5, NOON + 7_200_000),
    ];
    sink.write(&entries(1, 30)).await.unwrap();
    sink.write(&[entry_with(31, day)]).await.unwrap();
    sink.write(&kinds::day()).await.unwrap();
    sink.close().await.unwrap();
    let reader = store.reader();
    let queries = blocks("sql");
    assert!(queries.len() >= 5, "the README has example queries");
    for sql in queries {
        for statement in sql.split(';').filter(|part| !part.trim().is_empty()) {
            assert!(!query(&reader, statement).is_empty(), "{statement}");
        }
    }
}

#[test]
fn the_sample_of_the_readme_is_the_sample() {
    assert_eq!(blocks("yaml"), [include_str!("../../sample.yaml").trim_end()]);
}

//! What Grafana asks of the files of boards, whatever the stores hold.

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::Store;
use super::board::{BOARDS, Board, folder, question};

fn all() -> Vec<Board> {
    let stores = [Store::Sqlite, Store::InfluxDb].into_iter();
    stores
        .flat_map(|store| BOARDS.map(|name| Board::read(store, name)))
        .collect()
}

#[test]
fn identifiers_are_fixed_and_told_apart() {
    let mut titles = BTreeSet::new();
    for board in all() {
        let (key, name) = (board.store.key(), board.name);
        assert_eq!(board.json["uid"], format!("cardata-{key}-{name}"));
        assert!(
            board.json.get("id").is_none(),
            "{key} {name}: a number of another Grafana"
        );
        assert_eq!(board.json["schemaVersion"], 39, "of Grafana 10.3 to 11");
        titles.insert((key, board.json["title"].as_str().unwrap().to_owned()));
        let ids: BTreeSet<u64> = board
            .panels()
            .iter()
            .map(|panel| panel.0["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids.len(), board.panels().len(), "{key} {name}");
        let names: BTreeSet<&str> = board.panels().iter().map(|panel| panel.title()).collect();
        assert_eq!(names.len(), board.panels().len(), "{key} {name}");
        for panel in board.panels() {
            let refs: BTreeSet<&str> = panel
                .targets()
                .iter()
                .map(|it| it["refId"].as_str().unwrap())
                .collect();
            assert_eq!(
                refs.len(),
                panel.targets().len(),
                "{key} {name}: {}",
                panel.title()
            );
            assert!(!refs.is_empty(), "{key} {name}: {}", panel.title());
        }
    }
    assert_eq!(titles.len(), 6);
}

#[test]
fn the_data_source_is_a_variable_that_begins_with_the_provisioned_one() {
    for board in all() {
        let key = board.store.key();
        let first = &board.json["templating"]["list"][0];
        assert_eq!(
            (&first["name"], &first["type"]),
            (&"datasource".into(), &"datasource".into())
        );
        assert_eq!(first["query"], board.store.plugin());
        assert_eq!(first["current"]["value"], format!("cardata-{key}"));
        let provisioned = folder(board.store).join(format!("datasources/cardata-{key}.yaml"));
        let provisioned = std::fs::read_to_string(provisioned).unwrap();
        for line in [
            format!("    uid: cardata-{key}\n"),
            format!("    type: {}\n", board.store.plugin()),
            format!("  - name: {}\n", first["current"]["text"].as_str().unwrap()),
        ] {
            assert!(provisioned.contains(&line), "{line}{provisioned}");
        }
        let mut found = 0;
        each_data_source(&board.json, &mut |source| {
            let wanted = serde_json::json!({ "type": board.store.plugin(), "uid": "${datasource}" });
            assert_eq!(*source, wanted, "{key} {}", board.name);
            found += 1;
        });
        assert!(found > 20, "{found}");
        let provider = folder(board.store).join(format!("dashboards/cardata-{key}.yaml"));
        let provider = std::fs::read_to_string(provider).unwrap();
        let path = format!("      path: /etc/grafana/provisioning/dashboards/cardata-{key}\n");
        assert!(provider.contains(&path), "{provider}");
    }
}

fn each_data_source(json: &Value, see: &mut impl FnMut(&Value)) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "datasource" {
                    see(value);
                } else {
                    each_data_source(value, see);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_data_source(item, see)),
        _ => {}
    }
}

#[test]
fn panels_lie_side_by_side() {
    for board in all() {
        let mut taken = BTreeSet::new();
        for panel in board.panels() {
            let part = |name: &str| panel.0["gridPos"][name].as_u64().unwrap();
            let (x, y, width, height) = (part("x"), part("y"), part("w"), part("h"));
            assert!(width > 0 && height > 2 && x + width <= 24, "{}", panel.title());
            for column in x..x + width {
                for row in y..y + height {
                    assert!(taken.insert((column, row)), "{} {}", board.name, panel.title());
                }
            }
        }
        let height = taken.iter().map(|(_, row)| row + 1).max().unwrap();
        assert_eq!(taken.len() as u64, 24 * height, "{}: a hole", board.name);
    }
}

#[test]
fn every_panel_has_a_unit_and_every_question_the_chosen_cars() {
    for board in all() {
        for panel in board.panels() {
            let unit = panel.0["fieldConfig"]["defaults"]["unit"].as_str();
            assert!(unit.is_some_and(|unit| !unit.is_empty()), "{}", panel.title());
            for target in panel.targets() {
                let question = question(target);
                assert!(
                    ["${vehicle:sqlstring}", "${vehicle:regex}", "${session:sqlstring}"]
                        .iter()
                        .any(|variable| question.contains(variable)),
                    "{}: {question}",
                    panel.title()
                );
            }
        }
    }
}

//! A board as its file has it, and its questions as Grafana asks them.

use std::path::PathBuf;

use serde_json::Value;

use super::answer::Store;

/// The three of each store.
pub const BOARDS: [&str; 3] = ["overview", "charging", "battery"];

/// What the reader has chosen above a board.
#[derive(Debug, Clone)]
pub struct Choice {
    pub vehicles: Vec<String>,
    /// The charge, as the variable has it.
    pub session: String,
    /// In milliseconds since 1970.
    pub from: i64,
    pub to: i64,
}

/// A file of a board.
pub struct Board {
    pub store: Store,
    pub name: &'static str,
    pub json: Value,
}

impl Board {
    pub fn read(store: Store, name: &'static str) -> Self {
        let folder = folder(store);
        let key = store.key();
        let path = folder.join(format!("dashboards/cardata-{key}/{name}.json"));
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { store, name, json }
    }

    pub fn panels(&self) -> Vec<Panel<'_>> {
        let panels = self.json["panels"].as_array().unwrap();
        panels.iter().map(Panel).collect()
    }

    /// The question of a variable, where it has one.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let variables = self.json["templating"]["list"].as_array().unwrap();
        let variable = variables.iter().find(|variable| variable["name"] == name)?;
        variable["query"].as_str()
    }
}

/// What Grafana is given of a store.
pub fn folder(store: Store) -> PathBuf {
    let configs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../configs/grafana");
    configs.join(store.key())
}

#[derive(Clone, Copy)]
pub struct Panel<'a>(pub &'a Value);

impl<'a> Panel<'a> {
    pub fn title(self) -> &'a str {
        self.0["title"].as_str().unwrap()
    }

    pub fn kind(self) -> &'a str {
        self.0["type"].as_str().unwrap()
    }

    pub fn targets(self) -> Vec<&'a Value> {
        self.0["targets"].as_array().unwrap().iter().collect()
    }

    /// The columns that settings of the panel name.
    pub fn named_columns(self) -> Vec<&'a str> {
        let overrides = self.0["fieldConfig"]["overrides"].as_array().unwrap().iter();
        let by_name = overrides.filter(|it| it["matcher"]["id"] == "byName");
        let x_field = self.0["options"]["xField"].as_str();
        by_name
            .map(|it| it["matcher"]["options"].as_str().unwrap())
            .chain(x_field)
            .collect()
    }
}

/// The question of a target. That of SQLite stands in two places, of which the plugin takes the first before it has asked.
pub fn question(target: &Value) -> &str {
    let Some(raw) = target["rawQueryText"].as_str() else {
        return target["query"].as_str().unwrap();
    };
    assert_eq!(target["queryText"], raw);
    raw
}

/// The question with what was chosen in the place of its variables.
pub fn filled(question: &str, choice: &Choice) -> String {
    let Choice { from, to, .. } = choice;
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let listed: Vec<String> = choice.vehicles.iter().map(|name| quoted(name)).collect();
    let pattern = match &*choice.vehicles {
        [one] => one.clone(),
        several => format!("({})", several.join("|")),
    };
    let filled = question
        .replace("${vehicle:sqlstring}", &listed.join(","))
        .replace("${vehicle:regex}", &pattern)
        .replace("${session:sqlstring}", &quoted(&choice.session))
        .replace("${session}", &choice.session)
        .replace("${currency:sqlstring}", "'EUR'")
        .replace("${currency}", "EUR")
        .replace("$silence", "6")
        .replace("$__from", &from.to_string())
        .replace("$__to", &to.to_string())
        .replace("$timeFilter", &format!("time >= {from}ms and time <= {to}ms"))
        .replace("$__interval_ms", "3600000")
        .replace("$__interval", "1h");
    // The end of a pattern is no variable.
    let is_whole = !filled.replace("$/", "").contains('$');
    assert!(is_whole, "an unknown variable: {filled}");
    filled
}

//! The catalogue as a page for people: by which name each thing that a car can tell arrives in each store.
//!
//! BMW's titles stand there, its descriptions do not: they are BMW's own text.

use std::collections::BTreeMap;

use anyhow::Result;

use super::catalogue::{Beside, Tables, Theirs, rows};

/// How values show in the stores, written by hand. A test of the program holds it against what the program says.
const HEAD: &str = include_str!("dictionary/head.md");
/// So many words of a text are shown.
const WORDS: usize = 6;

/// Where a person looks for a descriptor: the first group with a beginning of its identifier.
const GROUPS: [(&str, &[&str]); 9] = [
    (
        "Battery and charging",
        &[
            "vehicle.drivetrain.batteryManagement.",
            "vehicle.drivetrain.electricEngine.",
            "vehicle.body.chargingPort.",
            "vehicle.body.flap.",
            "vehicle.powertrain.",
        ],
    ),
    (
        "Place and navigation",
        &[
            "vehicle.cabin.infotainment.navigation.",
            "vehicle.learningNavigation",
        ],
    ),
    (
        "Driving, range and fuel",
        &[
            "vehicle.isMoving",
            "vehicle.drivetrain.",
            "vehicle.vehicle.travelledDistance",
            "vehicle.vehicle.average",
            "vehicle.vehicle.avg",
            "vehicle.vehicle.speedRange.",
        ],
    ),
    ("Last trip", &["vehicle.trip."]),
    (
        "Doors, windows and lights",
        &[
            "vehicle.body.",
            "vehicle.cabin.door.",
            "vehicle.cabin.window.",
            "vehicle.cabin.sunroof.",
            "vehicle.cabin.convertible.",
        ],
    ),
    (
        "Climate and seats",
        &[
            "vehicle.cabin.hvac.",
            "vehicle.cabin.climate.",
            "vehicle.cabin.seat.",
            "vehicle.cabin.steeringWheel.",
            "vehicle.vehicle.preConditioning.",
        ],
    ),
    ("Tyres", &["vehicle.chassis."]),
    (
        "Service and 12 V battery",
        &[
            "vehicle.status.",
            "vehicle.electricalSystem.",
            "vehicle.electronicControlUnit.",
            "vehicle.serviceDemand.",
            "vehicle.sevice.",
            "vehicle.channel.",
        ],
    ),
    ("The car and its settings", &[""]),
];

/// The page: a table for each group, its rows by short name.
pub fn generate(tables: &Tables) -> Result<String> {
    let mut beside = Beside::of(tables)?;
    let mut groups = vec![BTreeMap::new(); GROUPS.len()];
    for (table, mark) in [(&tables.catalogue, ""), (&tables.supplement, "³")] {
        for bmw in rows::<Theirs>(table)? {
            let (name, row) = row(&mut beside, &bmw, mark)?;
            groups[group(&bmw.descriptor)].insert(name, row);
        }
    }
    let mut page = HEAD.to_owned();
    for ((title, _), rows) in GROUPS.iter().zip(groups).filter(|(_, rows)| !rows.is_empty()) {
        page += &format!(
            "\n### {title}\n\n| name | what | type | unit | values | stream |\n| --- | --- | --- | --- | --- | --- |\n"
        );
        page.extend(rows.into_values());
    }
    Ok(page)
}

fn group(descriptor: &str) -> usize {
    let begins = |(_, beginnings): &(&str, &[&str])| beginnings.iter().any(|it| descriptor.starts_with(it));
    GROUPS.iter().position(begins).unwrap_or(GROUPS.len() - 1)
}

/// The short name of a descriptor, and its row.
fn row(beside: &mut Beside, bmw: &Theirs, supplement: &str) -> Result<(String, String)> {
    let entry = beside.entry(bmw)?;
    let own = if entry.has_flag("endpoint_bound") {
        "¹"
    } else {
        ""
    };
    let call = if entry.has_flag("request_stamped") {
        "²"
    } else {
        ""
    };
    let values = match entry.value_type {
        "number" => beside.span(&bmw.descriptor),
        "text" => shown(&beside.options(bmw)?),
        _ => String::new(),
    };
    let (name, what) = (entry.name, cell(&bmw.title));
    let row = format!(
        "| `{name}`{own}{call}{supplement}<br>`{}` | {what} | {} | {} | {values} | {} |\n",
        bmw.descriptor, entry.value_type, entry.unit, bmw.streamable
    );
    Ok((name, row))
}

fn shown(words: &[String]) -> String {
    let shown: Vec<String> = words
        .iter()
        .take(WORDS)
        .map(|word| format!("`{}`", cell(word)))
        .collect();
    let more = words.len().saturating_sub(WORDS);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    shown.join(", ") + &rest
}

/// A text as a cell of a table. A star would begin emphasis.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*")
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &str = "descriptor,title,section,datatype,typical_range,unit,streamable\n";

    fn page(own: &str) -> String {
        let tables = Tables {
            catalogue: format!(
                "{THEIRS}vehicle.trip.b,B*,,uint8,,percent,yes\nvehicle.body.a,A | A,,string,\"X, Y\",-,no\n"
            ),
            supplement: format!("{THEIRS}vehicle.powertrain.c,C,,boolean,,-,yes\n"),
            names: format!("descriptor,name,type,unit,flags,reason\n{own}"),
            limits: "descriptor,least,greatest,sentinels,source\nvehicle.trip.b,0,,255,seen\n".to_owned(),
            ..Tables::default()
        };
        generate(&tables).unwrap()
    }

    #[test]
    fn each_descriptor_stands_in_the_table_of_its_group() {
        let own = "vehicle.body.a,y,,,endpoint_bound,why\nvehicle.trip.b,x,,,request_stamped,why\nvehicle.powertrain.c,z,,,,\n";
        let page = page(own);
        let tables = page.strip_prefix(HEAD).unwrap();
        let titles: Vec<_> = tables
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .collect();
        assert_eq!(
            titles,
            ["Battery and charging", "Last trip", "Doors, windows and lights"]
        );
        for row in [
            "| `z`³<br>`vehicle.powertrain.c` | C | truth |  |  | yes |\n",
            "| `x`²<br>`vehicle.trip.b` | B\\* | number | % | at least 0 | yes |\n",
            "| `y`¹<br>`vehicle.body.a` | A \\| A | text |  | `X`, `Y` | no |\n",
        ] {
            assert!(tables.contains(row), "{row}\n{tables}");
        }
    }

    #[test]
    fn a_long_list_of_words_is_cut() {
        let words: Vec<String> = (1..=8).map(|word| word.to_string()).collect();
        assert_eq!(shown(&words), "`1`, `2`, `3`, `4`, `5`, `6` and 2 more");
    }
}

//! The pipeline file that is written: what was answered, with a comment for somebody who sees such a file for the first
//! time.

use std::fmt::Write as _;
use std::path::Path;

use pipeline::NO_CLIENT_ID;

use crate::answers::{Answers, Setting, Store};
use crate::lookup;
use crate::target::Target;

/// Where the package has the schema, for editors.
const SCHEMA: &str = "/usr/share/cardata/pipeline.schema.json";

/// What stands in the file in place of a secret.
pub type Reference<'a> = &'a dyn Fn(&Store, &Setting) -> String;

/// The secret itself, for a text that is only tried.
pub fn secret_itself(_: &Store, setting: &Setting) -> String {
    quoted(&setting.value)
}

/// The whole file. `zone` is where the owner lives, by its name in the IANA database.
pub fn text(answers: &Answers, target: &Target, zone: Option<&str>, secret: Reference<'_>) -> String {
    let mut text = String::new();
    if Path::new(SCHEMA).is_file() {
        let _ = writeln!(text, "# yaml-language-server: $schema={SCHEMA}\n");
    }
    text.push_str(
        "# Made by `cardata init`. After a change: `cardata check`, then stop and start cardata.\n\n",
    );
    match answers.is_simulated {
        true => text.push_str(&simulated(target)),
        false => text.push_str(&real(answers, target)),
    }
    if let Some(zone) = zone {
        let _ = writeln!(
            text,
            "\n# Where you live: there are fewer polls by night.\ntimezone: {zone}"
        );
    }
    let _ = writeln!(
        text,
        "\nsources:\n  # Every change as soon as BMW has it: what you choose in the portal under \"Configure data stream\".\n  \
         - type: stream\n  # What the stream does not bring, within BMW's 50 calls a day.\n  \
         - type: telematics\n    container: {} # everything, driving or battery\n    every: auto\n  \
         # Charging sessions as BMW lists them, once a day; what it knows of the car's make, once a week.\n  \
         - type: charging_history\n  - type: vehicle",
        answers.collection
    );
    text.push_str("\nsinks:\n");
    text.push_str(&stores(answers, target, secret));
    text.push_str(
        "\n# The page that shows the cars, for whoever is on this machine: http://127.0.0.1:8720\n\
         dashboard:\n  listen: 127.0.0.1:8720\n",
    );
    text
}

fn real(answers: &Answers, target: &Target) -> String {
    let client_id = answers.client_id.as_ref();
    let client_id = client_id.map_or(NO_CLIENT_ID, |id| id.as_str());
    format!(
        "# The history and the login are kept here.\nstate: {}\n\n\
         # Your BMW login. The client id is from the CarData page of BMW's portal; it is no secret.\n\
         accounts:\n  - name: home\n    client_id: {client_id}\n\n\
         # Every car of the login.\nvehicles: auto\n",
        path(&target.state)
    )
}

fn simulated(target: &Target) -> String {
    format!(
        "# A simulated BMW with two cars, 900 times as fast as the world. Remove this file and {} when you have seen \
         enough.\nstate: {}\n\nsimulator:\n  speed: 900\n  vehicles:\n    - kind: i4\n    - kind: neue_klasse\n",
        commented(&target.data.join("demo").display().to_string()),
        path(&target.data.join("demo/state"))
    )
}

fn stores(answers: &Answers, target: &Target, secret: Reference<'_>) -> String {
    let data = match answers.is_simulated {
        true => &target.data.join("demo"),
        false => &target.data,
    };
    let database = data.join("cardata.db");
    let reader = if target.is_system { "sudo -u cardata " } else { "" };
    let mut text = format!(
        "  # Everything in one database. Look: {reader}sqlite3 {} 'select * from latest'\n  - type: sqlite\n    \
         path: {}\n",
        commented(&lookup::quoted(&database)),
        path(&database)
    );
    for store in &answers.stores {
        let _ = writeln!(text, "{}\n  - type: {}", comment(store.kind), store.kind);
        if store.kind == "csv" {
            let _ = writeln!(text, "    dir: {}\n    layout: wide", path(&data.join("csv")));
        }
        for setting in &store.settings {
            let value = match setting.is_secret {
                true => secret(store, setting),
                false => quoted(&setting.value),
            };
            let _ = writeln!(text, "    {}: {value}", setting.key);
        }
    }
    if answers.is_simulated {
        text.push_str(
            "  # What you see.\n  - type: stdout\n    format: text\n    select:\n      \
             descriptors: [soc, soc_displayed, charging_status, mileage]\n",
        );
    }
    text
}

fn comment(kind: &str) -> &'static str {
    match kind {
        "csv" => "  # A sheet for each car, a row for each minute in which something was told.",
        "influxdb" => "  # For Grafana.",
        _ => "  # Your own broker: Home Assistant finds the cars there.",
    }
}

/// An answer as a text in YAML, whatever is in it; `${` stands for itself.
pub fn quoted(value: &str) -> String {
    // What JSON writes, YAML reads.
    serde_json::Value::from(value.replace("${", "$${")).to_string()
}

/// What stands in a comment, which ends with its line.
fn commented(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// A path, plain where it can be.
fn path(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    let begins_well = text.starts_with(|c: char| "/.".contains(c) || c.is_ascii_alphabetic());
    match begins_well && text.chars().all(is_plain) {
        true => text,
        false => quoted(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_looked_at_by_who_may_read_it_and_as_a_shell_takes_it() {
        let look = |data: &str, is_system| {
            let target = Target {
                file: "pipeline.yaml".into(),
                state: "state".into(),
                data: data.into(),
                is_system,
            };
            let text = text(&Answers::default(), &target, None, &secret_itself);
            let look = text.lines().find_map(|line| line.split_once("Look: "));
            look.unwrap().1.to_owned()
        };
        let system = "sudo -u cardata sqlite3 /var/lib/cardata/cardata.db 'select * from latest'";
        assert_eq!(look("/var/lib/cardata", true), system);
        let odd = "sqlite3 '/a ${b} c/cardata.db' 'select * from latest'";
        assert_eq!(look("/a\n${b} c", false), odd);
    }
}

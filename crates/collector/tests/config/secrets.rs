//! No secret is in any message, drawing, `Debug` or `show`.

use proptest::prelude::*;

use super::{Variables, file, parse};
use pipeline::show;

/// Everything that can be seen of a file.
fn seen(text: &str, variables: &Variables) -> String {
    match parse(text, variables) {
        Ok(pipeline) => show(&pipeline),
        Err(error) => format!(
            "{error}{}{error:?}{:?}",
            error.render(true, None),
            error.mistakes()
        ),
    }
}

/// Where a value from outside can be wrong, and how.
const PLACES: [&str; 12] = [
    "state: ${S}/x\n",
    "vehicles: ${S}\n",
    "vehicles: [{ vin: \"${S}\" }]\n",
    "accounts: [{ name: \"${S}\", client_id: \"${S}\", calls_per_day: \"${S}\" }]\n",
    "accounts: [{ name: a, client_id: x, endpoints: { auth: \"${S}\", api: \"http://${S}\" } }]\n",
    "sources: [{ type: \"${S}\", every: \"${S}\" }]\n",
    "sources: [{ type: meter, every: \"${S}\", account: \"${S}\", vehicles: [\"${S}\"], container: [\"${S}\"] }]\n",
    "sinks: [{ type: shelf, path: \"${S}\", size: \"a ${S}\", mode: ${S}, labels: [\"${S}\"], tags: ${S} }]\n",
    "sinks: [{ type: shelf, path: \"a:${S}\", tags: { vehicle: ${S} } }]\n",
    "sinks: [{ type: shelf, path: a, token: \"${S}\", select: { descriptors: [\"${S}\"], sources: [\"${S}\"] } }]\n",
    "journal: { keep: \"${S}\" }\nclock: { speed: \"${S}\" }\nsimulator: ${S}\n",
    "sinks: [{ type: shelf, path: a, batch: { readings: \"${S}\", wait: \"${S}\" }, start: ${S} }]\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_from_outside_are_never_seen(secret in "[A-Za-z0-9:/\"'\\\\%äß-]{2,12}[0-9][A-Z][0-9]") {
        let variables = Variables::from([("S", secret.as_str())]);
        for place in PLACES {
            let seen = seen(&file(place), &variables).to_lowercase();
            prop_assert!(!seen.contains(&secret.to_lowercase()), "{place}: {seen}");
        }
    }
}

#[test]
fn secrets_that_stand_in_the_file_are_covered() {
    for text in [
        // Beside a mistake, and on its line.
        "sinks:\n  - type: shelf\n    token: hunter2\n    pth: x\n",
        "sinks:\n  - { type: shelf, token: hunter2, size: x, path: y }\n",
        "sinks:\n  - type: shelf\n    path: y\n    size: x\n    token: |\n      hunter2\n      hunter2\n",
        // Under a misspelt key, of an unknown type, twice, of the wrong kind.
        "sinks:\n  - type: shelf\n    path: y\n    tokn: hunter2\n",
        "sinks:\n  - type: shlf\n    token: hunter2\n",
        "sinks:\n  - type: shelf\n    path: y\n    token: hunter2\n    token: hunter2\n",
        "sinks:\n  - type: shelf\n    path: y\n    token: [hunter2]\n",
        // In what is no YAML.
        "sinks:\n  - type: shelf\n    token: hunter2\n   path: y\n",
        "sinks:\n  - type: shelf\n    token: \"hunter2\n",
        "sinks:\n  - type: shelf\n    token: hunter2: x\n",
        // Where a client id belongs.
        "accounts: [{ name: a, client_id: hunter2 }]\n",
        "accounts:\n  - name: a\n    client-id: hunter2\n",
        "accounts:\n  - name: a\n    client_id: [hunter2]\n",
        "accounts:\n  - name: a\n    client_id: ${ID:-hunter2}\n    colour: red\n",
        "accounts:\n  - name: a\n    client_id: a\n    client_id: hunter2\n",
        "accounts:\n  - name: a\n    client_id: hunter2\n   x: y\n",
        // In a URL: its own mistake, beside one, in a comment, in what is no YAML, of a key that is unknown.
        "sinks: [{ type: influxdb, url: \"http://u:hunter2@h:1\", org: a, bucket: b, token: t }]\n",
        "sinks:\n  - type: shelf\n    path: mqtt://u:hunter2@h\n    size: http://hunter2@h\n",
        "sinks:\n  - { type: shelf, path: x, size: y } # http://u:hun/hunter2@h\n",
        "sinks:\n  - type: shelf\n    path: http://u:hunter2@h\n   size: 1\n",
        "sinks:\n  - type: \"http://u:hunter2@h\"\n    http://u:hunter2@h: x\n",
        "accounts: [{ name: a, client_id: x, endpoints: { auth: \"http://u:hunter2@h\" } }]\n",
        "state: \"${HOME:-http://u:hunter2@h}\"\ncolour: red\n",
        // In a default, in an alias.
        "sinks:\n  - type: shelf\n    token: ${TOKEN:-hunter2}\n    pth: x\n",
        "sinks:\n  - { type: shelf, path: x, token: &t hunter2 }\n  - { type: shelf, path: *t, size: x }\n",
    ] {
        let seen = seen(&file(text), &Variables::default());
        assert!(!seen.contains("hunter2"), "{text}{seen}");
        assert!(seen.contains("mistake"), "{seen}");
    }
    let right = file("sinks:\n  - { type: shelf, path: y, token: hunter2 }\n");
    let pipeline = parse(&right, &Variables::default()).unwrap();
    assert!(!format!("{pipeline:?}{}", show(&pipeline)).contains("hunter2"));
}

#[test]
fn logins_are_hidden_where_the_file_is_shown() {
    let right = file(
        "state: http://u:hunter2@h/x\n\
         vehicles:\n  - { vin: WBY8P210X07A12345, name: \"http://me:${PASSWORD}@h\" }\n",
    );
    let variables = Variables::from([("PASSWORD", "hunter2")]);
    let shown = show(&parse(&right, &variables).unwrap());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("state: \"http://***@h/x\""), "{shown}");
    assert!(shown.contains("\"http://me:${PASSWORD}@h\""), "{shown}");
}

#[test]
fn client_ids_are_no_secrets() {
    for id in [
        "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
        "${ID}",
        "${ID:-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0}",
    ] {
        let text = file(&format!("accounts: [{{ name: a, client_id: \"{id}\" }}]\n"));
        let variables = Variables::from([("ID", "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f1")]);
        let shown = show(&parse(&text, &variables).unwrap());
        assert!(shown.contains(&format!("client_id: \"{id}\"\n")), "{shown}");
        let drawn = seen(&text.replace("name: a", "name: \"\""), &variables);
        assert!(drawn.contains(&format!("client_id: \"{id}\"")), "{drawn}");
    }
}

#[test]
fn files_are_outside_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "hunter2\n").unwrap();
    let text = file(&format!(
        "sinks: [{{ type: shelf, path: a, size: \"${{file:{}}}\" }}]\n",
        path.display()
    ));
    let seen = seen(&text, &Variables::default());
    assert!(
        seen.contains("found `${file:") && !seen.contains("hunter2"),
        "{seen}"
    );
}

//! Every page of the examples: well-formed, nothing of a car runs, and no text is missing or of no use.

use std::collections::BTreeSet;
use std::path::Path;

mod examples;

use super::texts;
use examples::{HOSTILE, pages};

/// The values of an attribute in a page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    let parts = page.split(begin.as_str()).skip(1);
    parts.filter_map(|part| part.split('"').next()).collect()
}

fn files(folder: &str, ends: &[&str]) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if ends.iter().any(|end| name.ends_with(end)) {
            found.push((name, std::fs::read_to_string(entry.path()).expect("a text")));
        }
    }
    found
}

#[test]
fn nothing_that_a_car_says_gets_out_of_its_text() {
    let mut seen = 0;
    for (name, page) in pages() {
        seen += page.matches("alert(1)").count();
        assert!(!page.contains("<script>"), "{name}");
        assert!(!page.contains("<img src=x"), "{name}");
        assert!(!page.contains(HOSTILE), "{name}");
        // What is escaped for a text is so for an attribute too: each ends where it should.
        for attribute in attributes(&page, "data-chart") {
            assert!(!attribute.contains(['<', '>', '\'']), "{name}");
        }
    }
    assert!(seen > 15, "the hostile text is on {seen} places only");
}

#[test]
fn the_strict_policy_holds() {
    for (name, page) in pages() {
        let page = page.replace("&#60;", "").replace("onerror=&#39;", "");
        for forbidden in [
            " style=\"",
            " onclick=",
            " onload=",
            " onerror=",
            "javascript:",
            "<style",
            "src=\"http",
        ] {
            assert!(!page.contains(forbidden), "{name} has {forbidden}");
        }
        for script in page.split("<script").skip(1) {
            assert!(
                script.contains(" src=\"") && script.contains("></script>"),
                "{name}: {script}"
            );
        }
    }
}

#[test]
fn every_id_is_the_only_one_and_everything_that_is_named_is_there() {
    for (name, page) in pages() {
        let ids = attributes(&page, "id");
        let all: BTreeSet<_> = ids.iter().copied().collect();
        assert_eq!(all.len(), ids.len(), "{name}: {ids:?}");
        for reference in ["for", "aria-labelledby", "aria-describedby", "data-filter"] {
            for id in attributes(&page, reference) {
                assert!(all.contains(id), "{name}: nothing is called `{id}`");
            }
        }
    }
}

#[test]
fn elements_are_closed_in_order() {
    const VOID: [&str; 5] = ["meta", "link", "input", "img", "br"];
    for (name, page) in pages() {
        let mut open = Vec::new();
        for tag in page.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').unwrap_or((tag, ""));
            let word = tag
                .split([' ', '\n', '/'])
                .find(|word| !word.is_empty())
                .unwrap_or("");
            if tag.starts_with('!') || tag.ends_with('/') || VOID.contains(&word) {
                continue;
            }
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(word), "{name}");
            } else {
                open.push(word);
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn every_page_has_a_name_a_heading_and_one_main_part() {
    for (name, page) in pages() {
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert_eq!(page.matches("<main ").count(), 1, "{name}");
        assert!(page.contains(" · cardata</title>"), "{name}");
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
    }
}

#[test]
fn every_address_is_relative_but_those_that_lead_out() {
    for (name, page) in pages() {
        for address in attributes(&page, "href")
            .into_iter()
            .chain(attributes(&page, "src"))
        {
            assert!(!address.starts_with('/'), "{name}: {address}");
            if address.starts_with("http") {
                let link = page.split(address).nth(1).unwrap_or_default();
                assert!(link.starts_with("\" rel=\"noreferrer"), "{name}: {address}");
            }
        }
    }
}

#[test]
fn every_text_is_there_and_every_one_is_said() {
    let sources = [
        files("templates", &[".html"]),
        files("templates/parts", &[".html"]),
        files("src", &[".rs"]),
        files("../dashboard/src/pages", &[".rs"]),
        files("../dashboard-content/src", &[".rs"]),
        files("../dashboard-content/src/why", &[".rs"]),
        files("../dashboard/src/pages/why", &[".rs"]),
        files("../dashboard/src/pages/charging", &[".rs"]),
        files("../dashboard/src", &[".rs"]),
        files("assets", &[".js"]),
    ];
    let keys: BTreeSet<_> = texts::keys().collect();
    let sections: BTreeSet<_> = keys
        .iter()
        .filter_map(|key| key.split_once('.'))
        .map(|(section, _)| section)
        .collect();
    let is_key = |text: &&str| {
        let section = text
            .split_once('.')
            .filter(|(section, _)| sections.contains(section));
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        };
        section.is_some_and(|(_, word)| {
            is_word(word) && !["css", "html", "js", "json", "svg"].contains(&word) && *text != "now.csv"
        })
    };
    let mut wanted = BTreeSet::from(["language"]);
    for (name, text) in sources.iter().flatten().filter(|(name, _)| name != "tests.rs") {
        for key in text.split('"').filter(is_key) {
            assert!(keys.contains(key), "{name} says `{key}`");
            wanted.insert(key);
        }
    }
    let said = |key: &&&str| wanted.contains(key.strip_suffix(".one").unwrap_or(key));
    let unsaid: Vec<_> = keys.iter().filter(|key| !said(key)).collect();
    assert!(unsaid.is_empty(), "{unsaid:?} are said nowhere");
}

#[test]
fn a_chart_tells_its_script_what_to_draw() {
    let page = pages().remove(0).1;
    let json = attributes(&page, "data-chart")[0]
        .replace("&#34;", "\"")
        .replace("&#60;", "<");
    let json = json
        .replace("&#62;", ">")
        .replace("&#39;", "'")
        .replace("&#38;", "&");
    let chart: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(chart["axis"], "time");
    assert_eq!(chart["isWhole"], true);
    assert_eq!(chart["series"][0]["kind"], "area");
    assert_eq!(chart["series"][0]["points"][0][1], 72.0);
    assert_eq!(chart["bands"][0]["kind"], "charging");
    assert!(
        chart["bands"][0]["label"]
            .as_str()
            .expect("a label")
            .contains(HOSTILE)
    );
    assert_eq!(chart["gaps"][0]["cause"], "asleep");
}

/// Leaves the pages with their assets where people and browsers can look at them.
#[test]
fn the_pages_can_be_looked_at() {
    let base = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = base.join("../../target/pages");
    for (name, page) in pages() {
        let depth = page.matches("href=\"../../../assets/style").count() * 3
            + page.matches("href=\"../../assets/style").count() * 2;
        let folder = target.join(["", "", "a/b", "a/b/c"][depth]);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(format!("{name}.html")), page).expect("a file");
    }
    for folder in ["", "vendor"] {
        std::fs::create_dir_all(target.join("assets").join(folder)).expect("a folder");
        for (name, text) in files(&format!("assets/{folder}"), &[".js", ".css", ".svg"]) {
            std::fs::write(target.join("assets").join(folder).join(name), text).expect("a file");
        }
    }
}

//! Files that nobody would write: whatever the text, there is an answer, and its places are in the text.

use proptest::prelude::*;

use super::{Variables, file, parse};
use pipeline::{ConfigError, Mistake, load, show};

/// Every place of every mistake must exist: a line of the text, and a column of it or just behind it.
fn check(text: &str) {
    let Err(error) = parse(text, &Variables::default()) else {
        return;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    assert!(!error.mistakes().is_empty());
    for Mistake { line, column, .. } in error.mistakes() {
        let length = text.split('\n').nth(line - 1).map(|line| line.chars().count());
        assert!(
            length.is_some_and(|length| *column <= length + 1),
            "{line}:{column} in {text:?}"
        );
    }
    assert!(!error.to_string().is_empty());
    assert!(!error.render(true, None).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_an_answer(text in ".{0,200}") {
        check(&text);
    }

    #[test]
    fn any_text_of_yaml_signs_has_an_answer(text in r#"[-?:,\[\]{}#&*!|>'"%@`~<=$ \r\n\tax1é]{0,60}"#) {
        check(&text);
    }

    #[test]
    fn a_broken_file_has_an_answer(cut in 0_usize..600, insert in r#"[-:\[{}"'*&|\n \t€]{0,4}"#) {
        let mut text = file("vehicles: [{ vin: WBY8P210X07A12345, name: 'ü' }]\njournal: { keep: 90d }\n");
        let mut cut = cut.min(text.len());
        while !text.is_char_boundary(cut) {
            cut -= 1;
        }
        text.insert_str(cut, &insert);
        check(&text);
    }

    /// What is shown means the same.
    #[test]
    fn whatever_is_shown_is_read_again(texts in proptest::collection::vec("[^${\\p{Cc}]{1,20}", 2)) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let sink = format!("sinks:\n  - {{ type: shelf, path: {} }}\n", quoted(&texts[0].replace(':', "")));
        let vehicles = format!("vehicles: [{{ vin: WBY8P210X07A12345, name: {} }}]\n", quoted(&format!("x{}", texts[1])));
        let pipeline = parse(&file(&format!("{vehicles}{sink}")), &Variables::default()).unwrap();
        let again = parse(&show(&pipeline), &Variables::default()).unwrap();
        prop_assert_eq!(&pipeline.vehicles, &again.vehicles);
        prop_assert_eq!(show(&pipeline), show(&again));
    }

    /// The place of a key does not depend on what stands before it in its line or in the file.
    #[test]
    fn places_count_characters(before in "[a-zäß€日🚗 ]{0,20}", comment in "[a-zäß€日🚗 ]{0,20}") {
        let sink = format!("sinks:\n  # {comment}\n  - {{ type: shelf, path: \"x{before}\", nonsense: 1 }}\n");
        let error = parse(&file(&sink), &Variables::default()).unwrap_err();
        let column = "  - { type: shelf, path: \"x".chars().count() + before.chars().count() + "\", ".len() + 1;
        let [mistake] = error.mistakes() else { panic!("{error}") };
        prop_assert_eq!((mistake.line, mistake.column), (3, column));
    }
}

fn first_message(text: &str) -> String {
    parse(text, &Variables::default()).unwrap_err().mistakes()[0]
        .message
        .clone()
}

#[test]
fn nesting_aliases_and_size_have_limits() {
    let deep = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    assert!(first_message(&deep).contains("nested"));
    let deep: String = (0..200)
        .map(|level| format!("{}a:\n", " ".repeat(level)))
        .collect();
    assert!(first_message(&deep).contains("nested"));

    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..20 {
        let again = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs.push_str(&format!("a{level}: &a{level} [{again}]\n"));
    }
    assert!(first_message(&laughs).contains("more than 100000 values"));
    assert!(first_message("a: &a [*a]\n").contains("contains it"));
    assert!(first_message(&"# \n".repeat(400_000)).contains("1 MiB"));
}

#[test]
fn many_mistakes_are_counted_and_the_first_are_drawn() {
    let keys: String = (0..300).map(|number| format!("k{number}: 1\n")).collect();
    let error = parse(&file(&keys), &Variables::default()).unwrap_err();
    assert_eq!(error.mistakes().len(), 300);
    let drawn = error.to_string();
    assert!(
        drawn.ends_with("300 mistakes in pipeline.yaml; the first 100 are shown\n"),
        "{drawn}"
    );
    assert_eq!(drawn.matches("unknown key").count(), 100);
}

#[test]
fn a_file_on_disk_is_read_with_its_folder_as_base() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my.yaml");
    std::fs::write(&path, file("")).unwrap();
    let pipeline = load(&path).unwrap();
    assert_eq!(pipeline.path, path);
    assert_eq!(pipeline.state, folder.path().join("state"));

    std::fs::write(&path, b"accounts:\n  - name: \xff\n").unwrap();
    let error = load(&path).unwrap_err();
    let place = (error.mistakes()[0].line, error.mistakes()[0].column);
    assert_eq!(place, (2, 11), "{error}");
}

#[test]
fn a_file_that_cannot_be_read_says_why_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let absent = folder.path().join("absent.yaml");
    for (path, cause, advice) in [
        (absent.as_path(), "No such file", "`cardata init`"),
        (folder.path(), "Is a directory", "name the file in it"),
    ] {
        let error = load(path).unwrap_err();
        assert!(matches!(&error, ConfigError::Read { .. }));
        let text = error.render(false, None);
        for part in [path.to_str().unwrap(), cause, advice] {
            assert!(text.contains(part), "{text}");
        }
    }
}

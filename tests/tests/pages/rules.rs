//! The rules of alerts in `configs/prometheus`, before Prometheus' own judge; and that this judge does judge.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use tests::servers::Promtool;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/prometheus");
const RULES: &str = "cardata.rules.yml";
const TESTS: &str = "cardata.rules.test.yml";

#[test]
fn the_rules_are_accepted_and_their_tests_pass() {
    let Some(promtool) = Promtool::find() else { return };
    let folder = Path::new(FOLDER);
    assert_eq!(promtool.check_rules(&folder.join(RULES)), Ok(()));
    assert_eq!(promtool.test_rules(&folder.join(TESTS)), Ok(()));
}

#[test]
fn every_alert_is_tested_to_be_raised() {
    let [rules, tests] = [RULES, TESTS].map(|name| fs::read_to_string(Path::new(FOLDER).join(name)).unwrap());
    let alerts: Vec<_> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(!alerts.is_empty());
    for alert in alerts {
        let raised = format!("alertname: {alert}\n        exp_alerts:\n");
        assert!(tests.contains(&raised), "no test raises {alert}");
    }
}

#[test]
fn a_rule_that_is_altered_fails_its_tests_and_a_broken_one_is_refused() {
    let Some(promtool) = Promtool::find() else { return };
    let folder = TempDir::new().unwrap();
    let rules = fs::read_to_string(Path::new(FOLDER).join(RULES)).unwrap();
    fs::copy(Path::new(FOLDER).join(TESTS), folder.path().join(TESTS)).unwrap();

    let altered = rules.replace(
        "cardata_stream_state{state=\"streaming\"}) == 0",
        "cardata_stream_state{state=\"streaming\"}) == 1",
    );
    fs::write(folder.path().join(RULES), altered).unwrap();
    let words = promtool.test_rules(&folder.path().join(TESTS)).unwrap_err();
    assert!(words.contains("CardataStreamIsDown"), "{words}");

    let broken = rules.replace("cardata_journal_writable == 0", "cardata_journal_writable ==");
    fs::write(folder.path().join(RULES), broken).unwrap();
    let words = promtool.check_rules(&folder.path().join(RULES)).unwrap_err();
    assert!(words.contains("CardataJournalFails"), "{words}");
}

#[test]
fn metrics_that_break_the_conventions_are_refused() {
    let Some(promtool) = Promtool::find() else { return };
    let good = "# HELP cardata_polls_total Calls of the API.\n# TYPE cardata_polls_total counter\n\
                cardata_polls_total{account=\"main\"} 7\n";
    assert_eq!(promtool.check_metrics(good), Ok(()));
    let words = promtool.check_metrics(&good.replace("_total", "")).unwrap_err();
    assert!(words.contains("_total"), "{words}");
    assert!(promtool.check_metrics("cardata_polls_total{").is_err());
}

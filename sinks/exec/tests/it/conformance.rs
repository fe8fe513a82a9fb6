//! The suite by way of the shell sample, which is there wherever tests run. It appends, so it is held to what appending
//! can keep.

use std::collections::HashMap;
use std::sync::OnceLock;

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entry_with, lines, reading};
use collector_core::{Entry, Records, Redelivery, Sink, SinkContext, SinkPlugin, Value};
use serde_json::value::RawValue;
use sink_exec::ExecConfig;

use crate::store::{Folder, SAMPLES};

/// With `no` as its text a reading is refused.
const REFUSING: &str = r#"
read -r hello; echo '{"ready":1}'
case $hello in *'"mode":"check"'*) exit ;; esac
while IFS= read -r line; do
  number=${line#*:}; number=${number%%[,\}]*}
  case $line in
    '{"flush":'*) echo "{\"ack\":$number}" ;;
    *'"value":"no"'*) echo "{\"refuse\":$number,\"reading\":0,\"reason\":\"it says no\"}" ;;
    *) printf '%s\n' "$line" >>cars.jsonl ;;
  esac
done"#;

type Line = HashMap<String, Box<RawValue>>;

struct Appended {
    folder: Folder,
    command: Vec<String>,
    refuses: bool,
}

impl Appended {
    fn by(command: &[&str], refuses: bool) -> Self {
        Self {
            folder: Folder::new(),
            command: command.iter().map(|text| (*text).to_owned()).collect(),
            refuses,
        }
    }

    /// What stands in every line under a key.
    fn told(&self, key: &str) -> Vec<Box<RawValue>> {
        let text = self.folder.read("cars.jsonl");
        let lines = text
            .lines()
            .map(|line| serde_json::from_str::<Line>(line).unwrap());
        lines.filter_map(|mut line| line.remove(key)).collect()
    }
}

#[async_trait]
impl Harness for Appended {
    fn plugin(&self) -> &'static SinkPlugin {
        static PLUGIN: OnceLock<SinkPlugin> = OnceLock::new();
        PLUGIN.get_or_init(|| SinkPlugin {
            redelivery: Redelivery::Duplicates,
            records: Records::AppendsRevisions,
            ..SinkPlugin::of::<ExecConfig>()
        })
    }

    async fn reset(&mut self) {
        self.folder = Folder::new();
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let command: Vec<&str> = self.command.iter().map(String::as_str).collect();
        self.folder.sink(&command, context)
    }

    async fn rows(&mut self) -> Vec<Row> {
        let readings = self.told("readings").into_iter();
        let readings = readings.map(|all| serde_json::from_str::<Vec<Box<RawValue>>>(all.get()).unwrap());
        readings
            .flatten()
            .map(|reading| lines::row_of(reading.get()))
            .collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let records = self.told("record").into_iter();
        records
            .flat_map(|record| lines::record_rows_of(record.get()))
            .collect()
    }

    fn refused(&self, seq: u64) -> Option<Entry> {
        let no = reading("vehicle.x", "x", Value::Text("no".into()), None, 0);
        self.refuses.then(|| entry_with(seq, vec![no]))
    }
}

#[tokio::test]
async fn the_shell_sample_keeps_the_promises_of_one_that_appends() {
    let sample = format!("{SAMPLES}/append_sink.sh");
    conformance(&mut Appended::by(&["sh", &sample, "cars.jsonl"], false)).await;
}

#[tokio::test]
async fn what_a_program_refuses_is_refused_alone() {
    conformance(&mut Appended::by(&["sh", "-c", REFUSING], true)).await;
}

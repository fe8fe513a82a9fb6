//! Programs under test, each with a folder of its own.

use std::collections::BTreeMap;
use std::path::Path;

use collector_core::testkit::context;
use collector_core::{Secret, Sink, SinkConfig, SinkContext, SinkPlugin, sink_plugins};
use sink_exec::ExecConfig;
use tempfile::TempDir;

/// The samples of this package.
pub const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/samples");

pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A sink whose program runs in this folder.
    pub fn sink(&self, command: &[&str], context: SinkContext) -> Box<dyn Sink> {
        let config = ExecConfig {
            command: command.iter().map(|text| (*text).to_owned()).collect(),
            dir: Some(self.path().to_owned()),
            env: BTreeMap::from([("SECRET".to_owned(), Secret::new("hunter2"))]),
        };
        config.build(context).unwrap()
    }

    /// A sink whose program is a script for `sh`.
    pub fn script(&self, script: &str) -> Box<dyn Sink> {
        self.sink(&["sh", "-c", script], context())
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.path().join(file)).unwrap_or_default()
    }
}

pub fn plugin() -> &'static SinkPlugin {
    let mut plugins = sink_plugins().into_iter();
    plugins.find(|plugin| plugin.type_name == "exec").unwrap()
}

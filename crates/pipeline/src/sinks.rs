//! `sinks`: where snapshots go, and how.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collector_core::registry::{ReadSink, Removal, SinkBuilder};
use collector_core::table::Node;
use collector_core::{
    BatchOptions, Exclusive, Name, Records, Redelivery, Retry, Select, SinkError, SinkPlugin, Start, duration,
};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::exclusives;
use super::names::{self, GivenName};
use super::plugin_table;
use super::problems::Problems;
use super::section::{self, Placed, Section};

const EXAMPLE: &str = "sinks:\n  - type: csv\n    dir: data/csv";

/// What the sink is called that fills the file which the page reads. No other can be called so beside a page.
const PAGE_NAME: &str = "dashboard";

static PAGE: SinkPlugin = SinkPlugin {
    type_name: PAGE_NAME,
    summary: "what the page reads",
    sample: "",
    redelivery: Redelivery::Overwrites,
    records: Records::Replaces,
    // What a value is now comes from the journal at once; a minute later it is on its chart, and few bytes are written.
    wait: Duration::from_secs(60),
    schema: |_| Schema::default(),
    read: |_| Err(Vec::new()),
};

/// A sink of the pipeline file, ready to be built.
pub struct SinkSpec {
    /// Unique; its type where the file gives none, numbered if repeated. The journal remembers under it how far the
    /// sink has got.
    pub name: Name,
    pub plugin: &'static SinkPlugin,
    pub select: Select,
    /// Its `wait` is there: that of the plugin where the file has none.
    pub batch: BatchOptions,
    pub retry: Retry,
    pub start: Start,
    pub builder: SinkBuilder,
    /// What it has for itself: a file or a folder, or a place at a server, which no file has for its path.
    pub place: Option<PathBuf>,
    /// How a vehicle is removed from what it has written.
    pub removal: Removal,
    /// Of the program itself: when its place is gone, it is filled anew from the journal, and a vehicle that is forgotten
    /// takes it along.
    pub is_own: bool,
    /// Its table with all defaults, without secrets.
    pub(super) shown: Map<String, Value>,
}

/// What the engine reads of a sink.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SinkKeys {
    /// A name of your choice for logs and `status`; the type if left out. The journal remembers under it how far the
    /// sink has got: under a new name it begins anew.
    name: Option<GivenName>,
    select: Option<Select>,
    /// How much is delivered at once.
    #[serde(default)]
    batch: BatchOptions,
    /// What happens when the store does not take a batch.
    #[serde(default)]
    retry: Retry,
    /// Where in the journal a new sink begins.
    #[serde(default)]
    start: Start,
}

impl SinkSpec {
    /// What fills the file that the page reads, where the section `dashboard` asks for a page: everything is delivered to it.
    pub fn of_page(place: PathBuf, builder: SinkBuilder) -> Self {
        let batch = BatchOptions {
            wait: Some(PAGE.wait),
            ..BatchOptions::default()
        };
        Self {
            name: PAGE_NAME.into(),
            plugin: &PAGE,
            select: Select::default(),
            batch,
            retry: Retry::default(),
            start: Start::default(),
            builder,
            place: Some(place),
            removal: Box::new(|_| String::new()),
            is_own: true,
            shown: Map::new(),
        }
    }
}

impl fmt::Debug for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkSpec({}, {})", self.name, self.plugin.type_name)
    }
}

pub(super) fn read(root: &Node, base_dir: &Path, problems: &mut Problems) -> Section<SinkSpec> {
    let items = section::items(root, "sinks", EXAMPLE, problems);
    let mut exclusives = Vec::new();
    let mut section = Section::of(items, |item| {
        let (sink, exclusive) = sink(item, base_dir, problems)?;
        exclusives.push((exclusive, item.clone()));
        Some(sink)
    });
    names::settle(items, &mut section, "sinks", |sink| &mut sink.name, problems);
    if root.get("dashboard").is_some_and(|page| !page.is_null()) {
        leave_name_of_page(&section, problems);
    }
    let taken = section.values().zip(&exclusives);
    let taken = taken.filter_map(|(sink, (exclusive, item))| Some((&sink.name, exclusive.as_ref()?, item)));
    exclusives::check(taken, base_dir, problems);
    section
}

fn leave_name_of_page(section: &Section<SinkSpec>, problems: &mut Problems) {
    let is_it = |sink: &&Placed<SinkSpec>| sink.value.name.eq_ignore_ascii_case(PAGE_NAME);
    for sink in section.items.iter().filter(is_it) {
        let message = "`dashboard` is the name under which the page is filled";
        let help = "give this sink another name";
        problems.add(&sink.node.locate("name"), message).help(help);
    }
}

/// Under its given name, or that of its type; with what it has for itself.
fn sink(
    item: &Node,
    base_dir: &Path,
    problems: &mut Problems,
) -> Option<(Placed<SinkSpec>, Option<Exclusive>)> {
    let mut table = plugin_table::split::<SinkPlugin>(item, problems)?;
    let mut keys = table.keys;
    keys.batch.wait.get_or_insert(table.plugin.wait);
    let shown = serde_json::to_value(keys.batch).unwrap_or_default();
    table.shown.insert("batch".to_owned(), shown);
    check(&table.node, &keys, problems);
    // The table has mistakes: nobody will build from it, but its names and its selection can be checked.
    let read = table.read.unwrap_or_else(|| ReadSink {
        builder: Box::new(|_| Err(SinkError::misconfigured("the options have mistakes"))),
        exclusive: None,
        removal: Box::new(|_| String::new()),
        shown: Value::Null,
    });
    let value = SinkSpec {
        name: names::or_type(keys.name, table.plugin.type_name),
        plugin: table.plugin,
        select: keys.select.unwrap_or_default(),
        batch: keys.batch,
        retry: keys.retry,
        start: keys.start,
        builder: read.builder,
        place: read
            .exclusive
            .as_ref()
            .map(|exclusive| base_dir.join(&exclusive.path)),
        removal: read.removal,
        is_own: false,
        shown: table.shown,
    };
    let node = table.node;
    Some((Placed { value, node }, read.exclusive))
}

fn check(item: &Node, keys: &SinkKeys, problems: &mut Problems) {
    if !(1..=1_000_000).contains(&keys.batch.readings) {
        let message = "a batch has from 1 to 1000000 readings";
        let place = item.locate("batch.readings");
        problems.add(&place, message).help("leave it out for 10000");
    }
    let retry = keys.retry;
    if retry.first > retry.longest {
        let key = match item.get("retry").and_then(|retry| retry.get("first")) {
            Some(_) => "retry.first",
            None => "retry.longest",
        };
        let [first, longest] = [retry.first, retry.longest].map(duration::format);
        let message = format!("the first wait, {first}, is longer than the longest, {longest}");
        let help = "write a `longest` of at least `first`";
        problems.add(&item.locate(key), message).help(help);
    }
}

//! Plugins for the tests: they are read like any other and never built.

use std::time::Duration;

use collector_core::{
    Cadence, Invalid, Records, Redelivery, Secret, Sink, SinkConfig, SinkContext, SinkError, Source,
    SourceConfig, SourceError, register_sink,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use source::{Build, SourceContext, register_source};

/// A sink with an option of every kind.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Shelf {
    /// Where the shelf is.
    path: String,
    /// How many fit on it.
    #[serde(default = "ten")]
    size: u32,
    mode: Option<Mode>,
    #[serde(default)]
    labels: Vec<u8>,
    tags: Option<Tags>,
    token: Option<Secret>,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Mode {
    Fast,
    Safe,
}

#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Tags {
    vehicle: bool,
}

fn ten() -> u32 {
    10
}

impl SinkConfig for Shelf {
    const TYPE: &'static str = "shelf";
    const SUMMARY: &'static str = "Stores nothing.";
    const SAMPLE: &'static str = "type: shelf\npath: data\n";
    const REDELIVERY: Redelivery = Redelivery::Ignored;
    const RECORDS: Records = Records::NotTaken;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        let mut invalid = Vec::new();
        if self.path.contains(':') {
            invalid.push(Invalid::new("path", format!("{:?} has a colon in it", self.path)));
        }
        if self.size == 0 {
            invalid.push(Invalid::new("size", "a shelf has room for one at least"));
        }
        if invalid.is_empty() { Ok(()) } else { Err(invalid) }
    }

    fn build(self, _: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Err(SinkError::misconfigured("never built"))
    }
}

register_sink!(Shelf);

macro_rules! source {
    ($name:ident, $word:literal, $cadence:expr) => {
        /// Brings nothing.
        #[derive(Clone, Deserialize, Serialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        struct $name {
            /// What to ask for.
            container: Option<String>,
        }

        impl SourceConfig for $name {
            const TYPE: &'static str = $word;
            const SUMMARY: &'static str = "Brings nothing.";
            const SAMPLE: &'static str = concat!("type: ", $word, "\n");
            const CADENCE: Cadence = $cadence;

            fn validate(&self) -> Result<(), Vec<Invalid>> {
                Ok(())
            }
        }

        impl Build for $name {
            fn build(self, _: SourceContext) -> Result<Source, SourceError> {
                Err(SourceError::Misconfigured {
                    reason: "never built".to_owned(),
                })
            }
        }

        register_source!($name);
    };
}

source!(Meter, "meter", Cadence::Polled { calls: 1 });
source!(Pair, "pair", Cadence::Polled { calls: 2 });
source!(
    Almanac,
    "almanac",
    Cadence::Seldom {
        every: Duration::from_secs(7 * 86_400)
    }
);
source!(Wire, "wire", Cadence::Continuous);

//! Log lines on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::FormatTime;

use crate::args::{Arguments, LogFormat};

/// How the names of our own crates begin; other crates speak up only when something is wrong.
const OURS: [&str; 3] = ["cardata", "collector", "sink_"];

/// Starts logging. `CARDATA_LOG` takes the directives of tracing's `EnvFilter`.
pub fn start(arguments: &Arguments) {
    let level = match arguments.verbose {
        0 => "info",
        1 => "debug",
        _ => "trace",
    };
    let ours = OURS.map(|target| format!("{target}={level}")).join(",");
    let filter =
        EnvFilter::try_from_env("CARDATA_LOG").unwrap_or_else(|_| EnvFilter::new(format!("warn,{ours}")));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(arguments.verbose > 0)
        .with_timer(Utc)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    match arguments.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
}

/// Real UTC time, to the second, whatever the pipeline's clock says.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.0}", jiff::Timestamp::now())
    }
}

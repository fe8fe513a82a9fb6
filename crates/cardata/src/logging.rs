//! Log lines on standard error.
//!
//! What libraries say at TRACE may hold whole requests: addresses with VINs, headers with tokens. It is never
//! shown, whatever is asked for. Those that speak through the crate `log` (reqwest, rustls) are not heard at all.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::args::{Arguments, LogFormat};

/// How the names of our own crates begin; other crates speak up only when something is wrong.
const OURS: [&str; 16] = [
    "cardata",
    "catalogue",
    "collector",
    "dispatch",
    "entry_form",
    "journal",
    "ledger",
    "normalise",
    "notify",
    "pipeline",
    "planner",
    "runtime",
    "sink_",
    "source",
    "status",
    "store",
];

/// Starts logging. `CARDATA_LOG` takes the directives of tracing's `EnvFilter`.
pub fn start(arguments: &Arguments) {
    let filter = EnvFilter::try_from_env("CARDATA_LOG")
        .unwrap_or_else(|_| EnvFilter::new(directives(arguments.verbose)));
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(arguments.verbose > 0)
        .with_timer(Utc)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none());
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match arguments.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    let fit = filter_fn(is_fit_to_be_shown);
    tracing_subscriber::registry()
        .with(layer.with_filter(filter.and(fit)))
        .init();
}

fn directives(verbose: u8) -> String {
    let (others, level) = match verbose {
        0 => ("warn", "info"),
        1 => ("warn", "debug"),
        2 => ("warn", "trace"),
        _ => ("debug", "trace"),
    };
    let ours = OURS.map(|target| format!("{target}={level}")).join(",");
    format!("{others},{ours}")
}

fn is_fit_to_be_shown(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::DEBUG || OURS.iter().any(|ours| metadata.target().starts_with(ours))
}

/// Real UTC time, to the second, whatever the pipeline's clock says.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.0}", jiff::Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_tells_more() {
        let said = |verbose, others: &str, ours: &str| {
            let text = directives(verbose);
            assert!(text.starts_with(others), "{text}");
            assert_eq!(text.matches(&format!("={ours}")).count(), OURS.len(), "{text}");
        };
        said(0, "warn,cardata=", "info");
        said(1, "warn,cardata=", "debug");
        said(2, "warn,cardata=", "trace");
        said(9, "debug,cardata=", "trace");
    }

    #[test]
    fn every_crate_of_ours_is_heard_and_no_other() {
        let is_ours = |name: &str| OURS.iter().any(|ours| name.starts_with(ours));
        let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        for folder in std::fs::read_dir(root.join("crates")).unwrap() {
            let name = folder.unwrap().file_name().to_string_lossy().replace('-', "_");
            assert!(is_ours(&name), "{name}");
        }
        let lock = std::fs::read_to_string(root.join("Cargo.lock")).unwrap();
        for package in lock
            .split("[[package]]")
            .filter(|package| package.contains("\nsource = "))
        {
            let name = package.split('"').nth(1).unwrap().replace('-', "_");
            assert!(!is_ours(&name), "{name} would be heard as if it were ours");
        }
    }
}

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
const OURS: [&str; 3] = ["cardata", "collector", "sink_"];

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
        assert_eq!(directives(0), "warn,cardata=info,collector=info,sink_=info");
        assert_eq!(directives(2), "warn,cardata=trace,collector=trace,sink_=trace");
        assert_eq!(directives(9), "debug,cardata=trace,collector=trace,sink_=trace");
    }
}

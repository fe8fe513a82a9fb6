//! Log lines on standard error.
//!
//! What libraries say at TRACE may hold whole requests: addresses with VINs, headers with tokens. It is never
//! shown, whatever is asked for. Those that speak through the crate `log` (reqwest, rustls) are not heard at all.

mod line;
pub mod tail;

use std::{fmt, io};

use tracing::field::Field;
use tracing::{Level, Metadata};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use line::{Line, shown};

use crate::args::{Arguments, LogFormat};
use crate::clock;
use crate::terminal::{Place, Shown};

/// How the names of our own crates begin; other crates speak up only when something is wrong.
const OURS: [&str; 21] = [
    "battery",
    "cardata",
    "catalogue",
    "collector",
    "dashboard",
    "derive",
    "dispatch",
    "entry_form",
    "facts",
    "history",
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

/// Longer fields are cut, in characters.
const LONGEST: usize = 4_000;

/// Starts logging. `CARDATA_LOG` takes the directives of tracing's `EnvFilter`.
pub fn start(arguments: &Arguments) {
    let asked = std::env::var("CARDATA_LOG")
        .ok()
        .map(EnvFilter::try_new)
        .transpose();
    let (asked, mistake) = match asked {
        Ok(asked) => (asked, None),
        Err(mistake) => (None, Some(mistake)),
    };
    let filter = asked.unwrap_or_else(|| EnvFilter::new(directives(arguments.verbose)));
    let with_target = arguments.verbose > 0;
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match arguments.log_format {
        LogFormat::Text if Place::stderr().width.is_some() => {
            lines(io::stderr, with_target, Place::stderr).boxed()
        }
        LogFormat::Text => text(io::stderr, with_target).boxed(),
        LogFormat::Json => json(io::stderr, with_target).boxed(),
    };
    let fit = filter_fn(is_fit_to_be_shown);
    // A page shows what is told to everybody, whatever this terminal asked for.
    let told = EnvFilter::new(directives(0)).and(filter_fn(is_fit_to_be_shown));
    tracing_subscriber::registry()
        .with(vec![
            layer.with_filter(filter.and(fit)).boxed(),
            text(tail::writer, false).with_filter(told).boxed(),
        ])
        .init();
    if let Some(mistake) = mistake {
        tracing::warn!("CARDATA_LOG is passed over: {mistake}; write it like `info,collector=debug`");
    }
}

/// Lines for a person at a terminal.
fn lines<W: io::Write + 'static>(
    writer: impl Fn() -> W + Send + Sync + 'static,
    whole: bool,
    place: fn() -> Place,
) -> impl Layer<Registry> + Send + Sync {
    tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .event_format(Line { place, whole })
}

/// Lines for files and other programs: one an event, with the whole time. What stands in the fields may be the words of
/// others, so that nothing in them commands a terminal that shows the file.
fn text<W: io::Write + 'static>(
    writer: impl Fn() -> W + Send + Sync + 'static,
    with_target: bool,
) -> impl Layer<Registry> + Send + Sync {
    let field =
        |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| match (field.name(), shown(value)) {
            ("message", shown) => write!(writer, "{shown}"),
            (name, shown) => write!(writer, "{name}={shown}"),
        };
    tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_target(with_target)
        .with_timer(Utc)
        .with_ansi(false)
        .fmt_fields(debug_fn(field).delimited(" "))
}

/// One object a line, which a terminal may show too.
fn json<W: io::Write + 'static>(
    writer: impl Fn() -> W + Send + Sync + 'static,
    with_target: bool,
) -> impl Layer<Registry> + Send + Sync {
    tracing_subscriber::fmt::layer()
        .with_writer(move || Shown(writer()))
        .with_target(with_target)
        .with_timer(Utc)
        .json()
        .flatten_event(true)
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

/// UTC time to the second, by the clock of the pipeline.
struct Utc;

impl FormatTime for Utc {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.0}", clock::now())
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
        said(0, "warn,battery=", "info");
        said(1, "warn,battery=", "debug");
        said(2, "warn,battery=", "trace");
        said(9, "debug,battery=", "trace");
    }

    /// What a log says of a container that somebody else named.
    fn logged(layer: impl FnOnce(Heard) -> Box<dyn Layer<Registry> + Send + Sync>) -> String {
        let heard = Heard::default();
        let registry = tracing_subscriber::registry().with(layer(heard.clone()));
        tracing::subscriber::with_default(registry, || {
            let name = "\u{1b}[31mE\u{9b}VIL\u{202e}\n";
            tracing::warn!(container = name, shown = %name, long = %"x".repeat(1 << 20), "found {name}");
        });
        let bytes = heard.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[derive(Clone, Default)]
    struct Heard(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl io::Write for Heard {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_words_of_others_command_no_terminal() {
        let ours = |heard: Heard| text(move || heard.clone(), false).boxed();
        let said = logged(ours);
        assert!(
            said.contains(r"found \u001b[31mE\u009bVIL\u202e\n "),
            "{}",
            &said[..200]
        );
        assert!(
            said.contains(r" shown=\u001b[31mE\u009bVIL\u202e\n "),
            "{}",
            &said[..200]
        );
        assert!(said.len() < 10_000, "{}", said.len());

        let lines = |heard: Heard| json(move || heard.clone(), false).boxed();
        let json = logged(lines);
        for said in [&said, &json] {
            assert!(said.ends_with('\n') && said.lines().count() == 1);
            let commands = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!said.contains(commands));
        }
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["container"], "\u{1b}[31mE\u{9b}VIL\u{202e}\n");
    }

    /// What a terminal shows of two events: a day's, and a problem.
    fn shown_on(place: fn() -> Place) -> String {
        let heard = Heard::default();
        let writer = heard.clone();
        let layer = lines(move || writer.clone(), false, place);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info!(
                account = "home",
                vehicle = "i4",
                new = 5,
                absent = 4,
                state = "/a/long/path",
                "polled"
            );
            let error = "connect to the store: \u{1b}[2Jrefused; is https://store.example/of/mine up?";
            tracing::warn!(
                sink = "csv",
                error,
                "the sink does not accept writes; trying again until it does"
            );
        });
        let bytes = heard.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_terminal_shows_a_days_event_on_one_line_and_a_problem_in_full() {
        let said = shown_on(|| Place {
            width: Some(64),
            ..Place::default()
        });
        let times = |line: &str| line.len() > 10 && line.as_bytes()[8] == b'Z';
        let lines: Vec<_> = said.lines().collect();
        assert!(times(lines[0]) && times(lines[1]), "{said}");
        let mut lines = lines.into_iter().map(|line| line.get(9..).unwrap_or(line));
        assert_eq!(lines.next(), Some("  INFO polled vehicle=i4 new=5 absent=4"));
        assert_eq!(
            lines.next(),
            Some("  WARN the sink does not accept writes; trying again")
        );
        let rest: Vec<_> = lines.collect();
        assert_eq!(
            rest,
            [
                "       until it does sink=csv error=connect to the",
                r"       store: \u001b[2Jrefused; is",
                "       https://store.example/of/mine up?"
            ]
        );
    }

    #[test]
    fn colours_take_no_columns() {
        const PLAIN: Place = Place {
            colours: false,
            rewrites: true,
            unicode: true,
            width: Some(64),
        };
        let plain = shown_on(|| PLAIN);
        let coloured = shown_on(|| Place {
            colours: true,
            ..PLAIN
        });
        assert_eq!(coloured.lines().count(), plain.lines().count());
        assert!(
            coloured.contains("\u{1b}[33m WARN\u{1b}[0m the sink") && !plain.contains('\u{1b}'),
            "{coloured}"
        );
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

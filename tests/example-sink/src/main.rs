//! cardata with one more sink.

use example_sink as _;

fn main() -> std::process::ExitCode {
    cardata::cli::main()
}

//! The program `cardata`: its library, with the sinks and sources of this repository.

fn main() -> std::process::ExitCode {
    cardata::cli::main()
}

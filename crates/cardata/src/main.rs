//! The program `cardata`.

fn main() -> std::process::ExitCode {
    cardata::cli::main()
}

//! The command `cardata`: from its arguments to the exit code.
//!
//! Exit codes: 0 done, 2 the configuration has to change, 3 a login is needed, 4 a check failed, 5 the state
//! directory is in use, 70 a bug, 130 stopped at once by a second signal.

use std::process::ExitCode;
use std::time::Duration;

use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::args::{Arguments, Command, ask_for_json};
use crate::terminal::Place;
use crate::{CommandResult, Failure, logging, terminal};

/// Longer than stores wait between two batches: a thread that wrote one is there for the next.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// With fewer, not even the runtime starts.
const FEWEST_FILES: u64 = 32;

/// No line of a help is longer, in columns: the widest that is read well, and the same in a file.
const WIDEST_HELP: usize = 80;

/// Runs the program with the arguments of the process, and says with what it ends.
pub fn main() -> ExitCode {
    runtime::private::keep_others_out();
    runtime::limits::raise_open_files();
    // First of all: what is wrong with the arguments is told in the form that they ask for.
    if ask_for_json(std::env::args_os()) {
        terminal::speak_json();
    }
    runtime::panics::install_hook(terminal::error);
    let place = Place::stdout();
    status::table::fit(place.width);
    let arguments = match arguments(&place) {
        Ok(arguments) => arguments,
        Err(answer) => return tell(&answer),
    };
    logging::start(&arguments);
    collector::http::install_crypto();
    match std::panic::catch_unwind(|| start(arguments)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            failure.tell();
            ExitCode::from(failure.code)
        }
        Err(_) => {
            terminal::error("this is a bug of cardata: please report it with the lines above");
            ExitCode::from(70)
        }
    }
}

/// The arguments of the process, or clap's answer to them, as it is shown here.
fn arguments(place: &Place) -> Result<Arguments, clap::Error> {
    let colours = match place.colours {
        true => ColorChoice::Always,
        false => ColorChoice::Never,
    };
    let width = place.width.unwrap_or(WIDEST_HELP).min(WIDEST_HELP);
    let command = Arguments::command().color(colours).term_width(width);
    Arguments::from_arg_matches(&command.try_get_matches()?)
}

/// What clap says in place of a command: a mistake, or the help or the version that was asked for.
fn tell(answer: &clap::Error) -> ExitCode {
    match answer.use_stderr() {
        true => terminal::error(answer.render().to_string().trim_end()),
        false => {
            terminal::said(answer.print());
            if let Err(failure) = terminal::all_said() {
                failure.tell();
                return ExitCode::from(failure.code);
            }
        }
    }
    u8::try_from(answer.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn start(arguments: Arguments) -> CommandResult {
    if let Some(files) = runtime::limits::open_files().filter(|files| *files < FEWEST_FILES) {
        return Err(Failure::new(
            2,
            format!(
                "this process may have {files} files open, which is too few: allow it more (`ulimit -n`, or \
                 `LimitNOFILE` of its service)"
            ),
        ));
    }
    // One: what takes long is not done on it, and a second would be woken for most of what wakes the first.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_keep_alive(KEEP_ALIVE)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(70, format!("the runtime cannot be started: {error}")))?;
    let result = runtime.block_on(dispatch(arguments));
    // A sink that hangs in a blocking call must not keep the process.
    runtime.shutdown_background();
    result.and_then(|()| terminal::all_said())
}

async fn dispatch(arguments: Arguments) -> CommandResult {
    if let Err(error) = runtime::limits::survive_file_size() {
        tracing::warn!(%error, "a file that grows over a limit of this machine will end the program");
    }
    match arguments.command {
        Command::Init(options) => crate::init::run(options).await,
        Command::Run(options) => crate::run::run(options).await,
        Command::Login(options) => crate::login::run(options).await,
        Command::Check(options) => crate::check::run(options).await,
        Command::Status(options) => crate::status::run(&options).await,
        Command::Doctor(options) => crate::doctor::run(options).await,
        Command::Values(options) => crate::values::run(options).await,
        Command::Why(options) => crate::why::run(&options),
        Command::Notify(options) => crate::notify::run(options).await,
        Command::Vehicles(options) => crate::vehicles::run(options).await,
        Command::Containers(options) => crate::containers::run(options).await,
        Command::Replay(options) => crate::replay::run(options).await,
        Command::DeadLetters(command) => crate::dead_letters::run(command).await,
        Command::Forget(options) => crate::forget::run(options).await,
        Command::Journal(command) => crate::journal::run(command).await,
        Command::Backup(options) => crate::backup::run(&options),
        Command::Restore(options) => crate::restore::run(&options),
        Command::Plugins(options) => crate::plugins::run(&options),
        Command::Schema => crate::plugins::schema(),
        Command::Completions { shell } => crate::completions::run(shell),
        Command::Man(options) => crate::man::run(&options),
        #[cfg(feature = "simulator")]
        Command::Sim(options) => crate::simulate::run(options).await,
    }
}

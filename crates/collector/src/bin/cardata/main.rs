//! The command `cardata`.
//!
//! Exit codes: 0 done, 2 the configuration has to change, 3 a login is needed, 4 a check failed, 5 the state
//! directory is in use, 70 a bug.

mod args;
mod backup;
mod check;
mod containers;
mod context;
mod dead_letters;
mod import;
mod journal;
mod logging;
mod login;
mod notify;
mod plugins;
mod redeliver;
mod replay;
mod restore;
mod run;
mod signals;
mod simulate;
mod status;
mod terminal;
mod vehicles;

use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Command};

/// What a command ends with when it is not done.
pub struct Failure {
    pub code: u8,
    pub message: String,
}

pub type CommandResult = Result<(), Failure>;

impl Failure {
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(&arguments);
    collector::panics::install_hook();
    collector::http::install_crypto();
    let result = std::panic::catch_unwind(|| {
        match tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
        {
            Ok(runtime) => {
                let result = runtime.block_on(dispatch(arguments));
                // A sink that hangs in a blocking call must not keep the process.
                runtime.shutdown_background();
                result
            }
            Err(error) => Err(Failure::new(
                70,
                format!("the runtime cannot be started: {error}"),
            )),
        }
    });
    match result {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            terminal::error(&failure.message);
            ExitCode::from(failure.code)
        }
        Err(_) => {
            terminal::error("this is a bug of cardata: please report it with the lines above");
            ExitCode::from(70)
        }
    }
}

async fn dispatch(arguments: Arguments) -> CommandResult {
    match arguments.command {
        Command::Run(options) => run::run(options).await,
        Command::Login(options) => login::run(options).await,
        Command::Check(options) => check::run(options).await,
        Command::Status(options) => status::run(&options).await,
        Command::Notify(options) => notify::run(options).await,
        Command::Vehicles(options) => vehicles::run(options).await,
        Command::Containers(options) => containers::run(options).await,
        Command::Replay(options) => replay::run(options).await,
        Command::DeadLetters(options) => dead_letters::run(options).await,
        Command::Journal(command) => journal::run(command).await,
        Command::Backup(options) => backup::run(&options),
        Command::Restore(options) => restore::run(&options),
        Command::Plugins(options) => plugins::run(&options),
        Command::Schema => plugins::schema(),
        Command::Sim(options) => simulate::run(options).await,
    }
}

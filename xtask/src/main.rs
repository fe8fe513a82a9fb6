//! The project's tasks: `cargo xtask --help` lists them.
//!
//! One file per command. This package starts cargo and other programs; it links nothing of the workspace, so
//! that a task is built in seconds and works while the workspace does not compile.

mod bench;
mod ci;
mod codegen;
mod deps;
mod dist;
mod drill;
mod fuzz;
mod new_sink;
mod program;
mod run;
mod servers;
mod terminal;
mod test;
mod tidy;
mod tool;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use clap::error::ErrorKind;

const FIRST_STEPS: &str = "\
First steps:
  cargo xtask run                          the demo: a simulated car, no set-up; Ctrl-C ends it
  cargo xtask run --config pipeline.yaml   your own pipeline
  cargo xtask test                         every test; servers are fetched into target/servers

`cargo xtask <task> --help` tells more about a task.";

/// The project's tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", no_binary_name = true, after_help = FIRST_STEPS)]
enum Task {
    Run(run::Options),
    Test(test::Options),
    Drill(drill::Options),
    Tidy(tidy::Options),
    Ci(ci::Options),
    Fuzz(fuzz::Options),
    Deps(deps::Options),
    Dist(dist::Options),
    Bench(bench::Options),
    Codegen(codegen::Options),
    NewSink(new_sink::Options),
}

fn main() -> ExitCode {
    let task = match Task::try_parse_from(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(answer) => {
            let _ = answer.print();
            let is_help = matches!(
                answer.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            );
            return ExitCode::from(u8::from(!is_help));
        }
    };
    match task.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::tell(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Task {
    fn run(self) -> Result<()> {
        match self {
            Self::Run(options) => run::run(options),
            Self::Test(options) => test::run(options),
            Self::Drill(options) => drill::run(&options),
            Self::Tidy(_) => tidy::run(),
            Self::Ci(options) => ci::run(&options),
            Self::Fuzz(options) => fuzz::run(&options),
            Self::Deps(options) => deps::run(&options),
            Self::Dist(options) => dist::run(&options),
            Self::Bench(options) => bench::run(&options),
            Self::Codegen(options) => codegen::run(&options),
            Self::NewSink(options) => new_sink::run(&options),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn answer(args: &[&str]) -> String {
        Task::try_parse_from(args).unwrap_err().to_string()
    }

    #[test]
    fn every_task_explains_itself() {
        let mut command = Task::command();
        command.build();
        let overview = answer(&[]);
        for task in command.get_subcommands().filter(|task| task.get_name() != "help") {
            let name = task.get_name();
            let about = task.get_about().unwrap().to_string();
            let help = answer(&[name, "--help"]);
            assert!(help.starts_with(&format!("{about}\n\n")), "{help}");
            assert!(help.contains(&format!("Usage: cargo xtask {name}")), "{help}");
            assert!(overview.contains(name) && overview.contains(&about), "{overview}");
        }
    }

    #[test]
    fn what_stands_behind_the_dashes_is_not_ours() {
        assert!(matches!(
            Task::try_parse_from(["run", "--", "--help"]),
            Ok(Task::Run(_))
        ));
    }

    #[test]
    fn an_unknown_task_is_answered_with_one_that_is_known() {
        let answer = answer(&["tset"]);
        assert!(answer.contains("'tset'") && answer.contains("'test'"), "{answer}");
    }
}

//! The project's tasks: `cargo xtask --help` lists them.
//!
//! One file per command. This package starts cargo and other programs; it links nothing of the workspace, so
//! that a task is built in seconds and works while the workspace does not compile.

mod bench;
mod ci;
mod codegen;
mod deps;
mod drill;
mod fuzz;
mod new_sink;
mod program;
mod run;
mod servers;
mod terminal;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

struct Command {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<()>,
}

static COMMANDS: [Command; 10] = [
    Command {
        name: "run",
        summary: "build the program and run a pipeline; without arguments the demo",
        help: run::HELP,
        run: run::run,
    },
    Command {
        name: "test",
        summary: "run every test, those against real servers included",
        help: test::HELP,
        run: test::run,
    },
    Command {
        name: "drill",
        summary: "kill, starve and confuse the program, and look for what it lost",
        help: drill::HELP,
        run: drill::run,
    },
    Command {
        name: "tidy",
        summary: "check the invariants and the house style that no compiler checks",
        help: tidy::HELP,
        run: tidy::run,
    },
    Command {
        name: "ci",
        summary: "everything that has to pass before a change is merged",
        help: ci::HELP,
        run: ci::run,
    },
    Command {
        name: "fuzz",
        summary: "try odd input on everything that reads foreign input",
        help: fuzz::HELP,
        run: fuzz::run,
    },
    Command {
        name: "deps",
        summary: "check licences, versions and sources of what the project is built from",
        help: deps::HELP,
        run: deps::run,
    },
    Command {
        name: "bench",
        summary: "measure speed and size, beside the raw libraries",
        help: bench::HELP,
        run: bench::run,
    },
    Command {
        name: "codegen",
        summary: "write the generated Rust data anew; --check only compares",
        help: "cargo xtask codegen [--check]\n\n\
               Writes the catalogue's Rust data from its CSV files. With --check nothing is written, and a\n\
               file that is out of date is an error.",
        run: codegen::run,
    },
    Command {
        name: "new-sink",
        summary: "begin a new sink from a template that works",
        help: new_sink::HELP,
        run: new_sink::run,
    },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match choose(&args) {
        Ok(Choice::Explain(text)) => {
            terminal::show(text);
            Ok(())
        }
        Ok(Choice::Run(command, args)) => (command.run)(args),
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::tell(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

enum Choice<'a> {
    Explain(String),
    Run(&'static Command, &'a [String]),
}

fn choose(args: &[String]) -> Result<Choice<'_>> {
    let asks = |arg: &String| matches!(arg.as_str(), "--help" | "-h");
    let Some((name, rest)) = args.split_first() else {
        return Ok(Choice::Explain(overview()));
    };
    if asks(name) || name == "help" {
        return Ok(Choice::Explain(overview()));
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("there is no task `{name}`\n\n{}", overview());
    };
    // What stands behind `--` belongs to another program.
    if rest.iter().take_while(|arg| *arg != "--").any(asks) {
        return Ok(Choice::Explain(command.help.to_owned()));
    }
    Ok(Choice::Run(command, rest))
}

fn overview() -> String {
    let mut text = "The project's tasks.\n\nUsage: cargo xtask <task> [arguments]\n\n".to_owned();
    for command in &COMMANDS {
        text += &format!("  {:<9} {}\n", command.name, command.summary);
    }
    text += "\nFirst steps:\n  \
        cargo xtask run                          the demo: a simulated car, nothing to set up; Ctrl-C ends it\n  \
        cargo xtask run --config pipeline.yaml   your own pipeline\n  \
        cargo xtask test                         every test; fetches the servers it needs into target/servers\n\n\
        `cargo xtask <task> --help` tells more about a task.";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(args: &[&str]) -> String {
        let args: Vec<_> = args.iter().map(|arg| (*arg).to_owned()).collect();
        match choose(&args) {
            Ok(Choice::Explain(text)) => text,
            Ok(Choice::Run(command, args)) => format!("{} runs with {args:?}", command.name),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_task_explains_itself() {
        for command in &COMMANDS {
            let help = chosen(&[command.name, "--help"]);
            assert!(
                help.starts_with(&format!("cargo xtask {}", command.name)),
                "{help}"
            );
            assert!(chosen(&[]).contains(command.summary), "{}", command.name);
        }
    }

    #[test]
    fn what_stands_behind_the_dashes_is_not_ours() {
        assert_eq!(
            chosen(&["run", "--", "--help"]),
            r#"run runs with ["--", "--help"]"#
        );
    }

    #[test]
    fn an_unknown_task_is_answered_with_the_list() {
        let answer = chosen(&["tset"]);
        assert!(
            answer.contains("no task `tset`") && answer.contains("new-sink"),
            "{answer}"
        );
    }
}

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

/// A task's name; its help, which begins with a line on what it is for; what it does.
type Task = (&'static str, &'static str, fn(&[String]) -> Result<()>);

static TASKS: [Task; 10] = [
    ("run", run::HELP, run::run),
    ("test", test::HELP, test::run),
    ("drill", drill::HELP, drill::run),
    ("tidy", tidy::HELP, tidy::run),
    ("ci", ci::HELP, ci::run),
    ("fuzz", fuzz::HELP, fuzz::run),
    ("deps", deps::HELP, deps::run),
    ("bench", bench::HELP, bench::run),
    ("codegen", CODEGEN, codegen::run),
    ("new-sink", new_sink::HELP, new_sink::run),
];

const CODEGEN: &str = "\
write the generated Rust data anew; --check only compares

Usage: cargo xtask codegen [--check]

Writes the catalogue's Rust data from its CSV files. With --check nothing is written, and a file that is out of date
is an error.";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = match choose(&args) {
        Ok(Choice::Explain(text)) => {
            terminal::show(text);
            Ok(())
        }
        Ok(Choice::Run((_, _, run), args)) => run(args),
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
    Run(&'static Task, &'a [String]),
}

fn choose(args: &[String]) -> Result<Choice<'_>> {
    let asks = |arg: &String| matches!(arg.as_str(), "--help" | "-h");
    let Some((name, rest)) = args.split_first() else {
        return Ok(Choice::Explain(overview()));
    };
    if asks(name) || name == "help" {
        return Ok(Choice::Explain(overview()));
    }
    let Some(task) = TASKS.iter().find(|(known, ..)| known == name) else {
        bail!("there is no task `{name}`\n\n{}", overview());
    };
    // What stands behind `--` belongs to another program.
    if rest.iter().take_while(|arg| *arg != "--").any(asks) {
        return Ok(Choice::Explain(task.1.to_owned()));
    }
    Ok(Choice::Run(task, rest))
}

fn overview() -> String {
    let mut text = "The project's tasks.\n\nUsage: cargo xtask <task> [arguments]\n\n".to_owned();
    for (name, help, _) in &TASKS {
        text += &format!("  {name:<9} {}\n", help.lines().next().unwrap_or_default());
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
            Ok(Choice::Run((name, ..), args)) => format!("{name} runs with {args:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn every_task_explains_itself() {
        for (name, help, _) in &TASKS {
            assert_eq!(chosen(&[name, "--help"]), *help);
            assert!(help.contains(&format!("\n\nUsage: cargo xtask {name}")), "{help}");
            assert!(chosen(&[]).contains(&format!("{name} ")), "{name}");
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

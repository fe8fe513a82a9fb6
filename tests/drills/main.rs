//! Faults, drilled: the real binary against a simulated BMW and real stores, while everything breaks that can.
//!
//! `cargo xtask drill` runs all of it. `cargo test` runs the same drills in small, so that they stay alive. A
//! drill injects something, lets the program go on, reads every store back and holds it against what BMW
//! served: what was lost, what came twice, what was altered. Each runs in a thread with a runtime and a simulator of its
//! own and takes its random numbers from a seed that is printed. Quota and gaps are judged by what BMW counted, not by
//! the program's ledger. One that needs root or a missing tool says that it is left out.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a drill speaks by printing and panicking"
)]

mod answers;
mod clock;
mod faulty_store;
mod full_disk;
mod kills;
mod local_server;
mod loop_disk;
mod meddler;
mod month;
mod network;
mod options;
mod read_only;
mod report;
mod restore;
mod runner;
mod sinks;
mod stream;
mod table;
mod tls_proxy;

use std::process::ExitCode;

use options::Options;
use report::Outcome;
use runner::Drill;

/// Everything that is drilled; what takes longest begins first.
static DRILLS: &[Drill] = &[
    Drill {
        name: "stream",
        about: "a live stream, the program killed and its connection cut at random moments",
        run: |context| Box::pin(stream::under_faults(context)),
    },
    Drill {
        name: "month",
        about: "a month of virtual time, two accounts, five vehicles, 50 calls a day",
        run: |context| Box::pin(month::of_two_accounts(context)),
    },
    Drill {
        name: "kills",
        about: "SIGKILL at random moments under load, five sinks",
        run: |context| Box::pin(kills::under_load(context)),
    },
    Drill {
        name: "kills-faults",
        about: "SIGKILL while a quarter of BMW's answers fail",
        run: |context| Box::pin(kills::with_faults(context)),
    },
    Drill {
        name: "kills-quota",
        about: "SIGKILL again and again on a budget of 50 calls a day",
        run: |context| Box::pin(kills::on_a_budget(context)),
    },
    Drill {
        name: "sinks",
        about: "a store that is down, hangs, drips, refuses, and comes back",
        run: |context| Box::pin(sinks::in_trouble(context)),
    },
    Drill {
        name: "disk-state",
        about: "the state directory's disk full at every write, killed and started on it",
        run: |context| Box::pin(full_disk::of_the_state(context)),
    },
    Drill {
        name: "disk-sinks",
        about: "the stores' disk full at every write, killed on it",
        run: |context| Box::pin(full_disk::of_the_stores(context)),
    },
    Drill {
        name: "read-only",
        about: "state and stores read-only from the start, and a disk that fails while in use",
        run: |context| Box::pin(read_only::everywhere(context)),
    },
    Drill {
        name: "network",
        about: "no such host, nobody there, and every kind of bad TLS",
        run: |context| Box::pin(network::in_trouble(context)),
    },
    Drill {
        name: "answers",
        about: "answers of 100 MB, of a byte a second, packed, nested, of wrong types",
        run: |context| Box::pin(answers::of_every_kind(context)),
    },
    Drill {
        name: "clock",
        about: "the clock jumps by hours, days and a year, forward and back",
        run: |context| Box::pin(clock::jumping(context)),
    },
    Drill {
        name: "restore",
        about: "a machine is lost, and another goes on from the backup without a login",
        run: |context| Box::pin(restore::on_an_empty_machine(context)),
    },
];

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(reason) => {
            println!("error: {reason}");
            return ExitCode::from(2);
        }
    };
    if options.list {
        for drill in DRILLS {
            println!("{:<16} {}", drill.name, drill.about);
        }
        return ExitCode::SUCCESS;
    }
    let chosen: Vec<&Drill> = DRILLS
        .iter()
        .filter(|drill| options.chooses(drill.name))
        .collect();
    if chosen.is_empty() {
        println!("no drill is called so; --list names them");
        // A test's name that is given to `cargo test` chooses among the tests of other programs.
        return if options.full {
            ExitCode::from(2)
        } else {
            ExitCode::SUCCESS
        };
    }
    println!("{}", table::heading(options.seed, options.full));
    let mut whole = true;
    let mut left_out = 0;
    let interrupted = runner::run_all(&chosen, &options, |drill, outcome, took| {
        println!("{}", table::line(drill, &outcome, took));
        match outcome {
            Outcome::Done(report) => whole &= report.is_clean(),
            Outcome::LeftOut(_) => left_out += 1,
            Outcome::Failed(_) => whole = false,
        }
    });
    println!("{}", table::closing(chosen.len(), left_out, whole, interrupted));
    if whole && !interrupted {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

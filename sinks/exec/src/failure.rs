//! Why a program did not do what it was asked, for a person.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use collector_core::SinkError;
use rustix::io::Errno;

use crate::process::Launch;
use crate::program::{Farewell, Trouble};
use crate::words;

/// The longest that a program can have us wait.
const LONGEST: Duration = Duration::from_secs(3_600);
/// So many bytes of a script are read, as Linux does to find its interpreter.
const HEAD: u64 = 256;

/// `is_ready`: it had been, so that trouble came in the middle of a batch.
pub fn of(launch: &Launch, trouble: Trouble, farewell: Farewell, is_ready: bool) -> SinkError {
    let Farewell { ending, words: last } = farewell;
    let last = match last.is_empty() {
        true => String::new(),
        false => format!("; it said last: {last}"),
    };
    let ended = ending.map_or("closed its standard output".to_owned(), |ending| {
        format!("ended ({ending})")
    });
    let told = |reason: &str| match words::quoted(reason, launch) {
        empty if empty.is_empty() => format!("it gives no reason{last}"),
        reason => reason,
    };
    match trouble {
        Trouble::Over if is_ready => SinkError::transient(format!(
            "the program {ended} in the middle of a batch; it is started anew and given the batch again{last}"
        )),
        Trouble::Over => SinkError::misconfigured(format!("the program {ended} before it was ready{last}")),
        Trouble::Late => SinkError::transient(format!(
            "the program did not answer the hello within 10 s: it has to read one line, print {{\"ready\": 1}} and flush its output{last}"
        )),
        Trouble::Wrong(what) => SinkError::misconfigured(format!("the program {what}{last}")),
        Trouble::Wait { pause, reason } => SinkError::Transient {
            reason: format!("the program asks to wait: {}", told(&reason)),
            retry_after: Some(pause.min(LONGEST)),
        },
        Trouble::Stop(reason) => SinkError::misconfigured(format!("the program stops: {}", told(&reason))),
    }
}

/// The system does not start it.
pub fn not_started(launch: &Launch, error: &std::io::Error) -> SinkError {
    let dir = launch.dir.display();
    if !launch.dir.is_dir() {
        return SinkError::misconfigured(format!(
            "`dir`: there is no folder {dir}; make it, or name another"
        ));
    }
    let program = launch.command.first().map_or("", String::as_str);
    let reason = format!("{program} cannot be started in {dir}: {error}");
    match advice(launch, Path::new(program), error) {
        Some(advice) => SinkError::misconfigured(format!("{reason}; {advice}")),
        None => SinkError::transient(reason),
    }
}

/// None where it may start later just as it is: the machine has too little left.
fn advice(launch: &Launch, program: &Path, error: &std::io::Error) -> Option<String> {
    let advice = match Errno::from_io_error(error)? {
        Errno::NOENT if program.is_absolute() && program.is_file() => return Some(without(launch, program)),
        Errno::NOENT if launch.dir.join(program).is_file() => {
            "a name without `/` is looked for in PATH: write `./` before it"
        }
        Errno::NOENT => "install it, or name its path in `command`",
        Errno::ACCESS | Errno::PERM if program.is_dir() => "it is a folder: name the program in it",
        Errno::ACCESS | Errno::PERM => {
            "make it executable (chmod +x) and its folder readable for the user that runs cardata, or name its \
             interpreter first in `command`"
        }
        Errno::NOEXEC => "begin a script with `#!` and its interpreter, or name that first in `command`",
        Errno::TOOBIG => "put what is long in `command` and `env` into a file, and name that",
        Errno::LOOP | Errno::NAMETOOLONG | Errno::NOTDIR => "name its path in `command`",
        _ => return None,
    };
    Some(advice.to_owned())
}

/// What to do about a program that is there, where what would start it is not.
fn without(launch: &Launch, program: &Path) -> String {
    let mut head = Vec::new();
    let read = File::open(program).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let head = String::from_utf8_lossy(&head);
    let line = head.split('\n').next().unwrap_or_default();
    match line.strip_prefix("#!") {
        Some(line) if line.ends_with('\r') => format!(
            "its lines end as those of Windows do: sed -i 's/\\r$//' {}",
            program.display()
        ),
        Some(line) => format!(
            "its first line asks for `{}`, which is not there: install that, or name another",
            words::quoted(line, launch)
        ),
        None if read.is_err() => "what starts it is not there".to_owned(),
        None => "it is made for another kind of system: take one for this".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use collector_core::testkit::context;

    use super::*;
    use crate::config::ExecConfig;

    fn launch() -> Launch {
        let config = ExecConfig {
            command: vec!["./mine".to_owned()],
            dir: None,
            env: BTreeMap::new(),
        };
        Launch::of(config, &context()).unwrap()
    }

    #[test]
    fn what_is_no_program_needs_a_person_and_a_full_machine_does_not() {
        for (errno, words) in [
            (Errno::NOEXEC, "#!"),
            (Errno::TOOBIG, "into a file"),
            (Errno::LOOP, "name its path"),
        ] {
            let error = not_started(&launch(), &errno.into());
            assert!(
                matches!(&error, SinkError::Misconfigured { reason } if reason.contains(words)),
                "{error}"
            );
        }
        for errno in [Errno::NOMEM, Errno::MFILE, Errno::AGAIN] {
            let error = not_started(&launch(), &errno.into());
            assert!(matches!(error, SinkError::Transient { .. }), "{error}");
        }
    }

    #[test]
    fn one_who_gives_no_reason_is_told_by_its_last_words() {
        for (last, words) in [
            ("", "the program stops: it gives no reason"),
            ("no disk", "it gives no reason; it said last: no disk"),
        ] {
            let farewell = Farewell {
                ending: None,
                words: last.to_owned(),
            };
            let error = of(&launch(), Trouble::Stop("\u{1b} ".to_owned()), farewell, true);
            assert!(error.to_string().ends_with(words), "{error}");
        }
    }

    #[test]
    fn nobody_is_made_to_wait_for_years() {
        let wait = Trouble::Wait {
            pause: Duration::MAX,
            reason: String::new(),
        };
        let farewell = Farewell {
            ending: None,
            words: String::new(),
        };
        let error = of(&launch(), wait, farewell, true);
        assert!(
            matches!(error, SinkError::Transient { retry_after, .. } if retry_after == Some(LONGEST)),
            "{error}"
        );
    }
}

//! Why a program did not do what it was asked, for a person.

use std::io::ErrorKind;
use std::time::Duration;

use collector_core::SinkError;

use crate::process::Launch;
use crate::program::{Farewell, Trouble};
use crate::words;

/// The longest that a program can have us wait.
const LONGEST: Duration = Duration::from_secs(3_600);
/// What the system says of a file that is neither a program nor begins with `#!`.
const NO_PROGRAM: i32 = 8;

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
    match trouble {
        Trouble::Over if is_ready => SinkError::transient(format!(
            "the program {ended} in the middle of a batch; it is started anew and given the batch again{last}"
        )),
        Trouble::Over => SinkError::misconfigured(format!("the program {ended} before it was ready{last}")),
        Trouble::Late => SinkError::transient(format!(
            "the program did not answer the hello within 10 s: it has to print {{\"ready\": 1}} and flush its output{last}"
        )),
        Trouble::Wrong(what) => SinkError::misconfigured(format!("the program {what}{last}")),
        Trouble::Wait { pause, reason } => SinkError::Transient {
            reason: format!("the program asks to wait: {}", words::quoted(&reason, launch)),
            retry_after: Some(pause.min(LONGEST)),
        },
        Trouble::Stop(reason) => {
            SinkError::misconfigured(format!("the program stops: {}", words::quoted(&reason, launch)))
        }
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
    match error.kind() {
        ErrorKind::NotFound => SinkError::misconfigured(format!(
            "{reason}; install it, or name its path in `command` (a script's interpreter may be what is missing)"
        )),
        ErrorKind::PermissionDenied => SinkError::misconfigured(format!(
            "{reason}; make it executable (chmod +x) and its folder readable for the user that runs cardata, or name \
             its interpreter first in `command`"
        )),
        _ if error.raw_os_error() == Some(NO_PROGRAM) => SinkError::misconfigured(format!(
            "{reason}; begin a script with `#!` and its interpreter, or name that first in `command`"
        )),
        _ => SinkError::transient(reason),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Error;

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
        let error = not_started(&launch(), &Error::from_raw_os_error(NO_PROGRAM));
        assert!(
            matches!(&error, SinkError::Misconfigured { reason } if reason.contains("#!")),
            "{error}"
        );
        let error = not_started(&launch(), &ErrorKind::OutOfMemory.into());
        assert!(matches!(error, SinkError::Transient { .. }), "{error}");
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

//! The program `cardata` as a child process whose output can be waited for.

use std::cell::RefCell;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// A running `cardata`. Killed when dropped, and so when the test panics.
pub struct Cardata {
    child: Child,
    lines: watch::Receiver<Vec<Line>>,
}

/// One line that the program wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub stream: Stream,
    /// Without its line break.
    pub text: String,
}

/// Where a line was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// A signal that the tests send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What a service manager sends.
    Terminate,
    /// What a terminal sends that is closed.
    HangUp,
    /// Cannot be caught.
    Kill,
}

thread_local! {
    static PANICS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The lines in which programs that this thread reads from said that they panicked.
pub fn panics() -> Vec<String> {
    PANICS.with_borrow(Vec::clone)
}

impl Cardata {
    /// Starts the program with these arguments and no input; `prepare` sets its environment and folder.
    pub fn start<A: AsRef<OsStr>>(
        arguments: impl IntoIterator<Item = A>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        Self::start_program(&program(), arguments, prepare)
    }

    /// The same with another program, which has cardata in it.
    pub fn start_program<A: AsRef<OsStr>>(
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        prepare: impl FnOnce(&mut Command),
    ) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments)
            // As its unit and its images have it.
            .env("MALLOC_ARENA_MAX", "2")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        prepare(&mut command);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let (sender, lines) = watch::channel(Vec::new());
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        tokio::spawn(collect(stdout, Stream::Stdout, sender.clone()));
        tokio::spawn(collect(stderr, Stream::Stderr, sender));
        Self { child, lines }
    }

    /// What was written so far, in the order of arrival.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.borrow().clone()
    }

    /// The first line, past or to come, that contains `pattern`. Panics with everything that was written when
    /// the deadline passes or the output ends first.
    pub async fn wait_for_line(&self, pattern: &str, deadline: Duration) -> Line {
        let matches = |line: &&Line| line.text.contains(pattern);
        let mut written = self.lines.clone();
        let wanted = written.wait_for(|lines| lines.iter().any(|line| matches(&line)));
        match timeout(deadline, wanted).await {
            Ok(Ok(lines)) => {
                let line = lines.iter().find(matches);
                line.cloned().expect("the line that was waited for")
            }
            Ok(Err(_)) => panic!("the program ended without `{pattern}`:\n{}", self.transcript()),
            Err(_) => panic!("no `{pattern}` within {deadline:?}:\n{}", self.transcript()),
        }
    }

    /// The process id of a program that has not been waited for.
    pub fn id(&self) -> u32 {
        self.child.id().expect("a program that has not been waited for")
    }

    /// Sends a signal to the program, which must not have been waited for.
    pub async fn signal(&self, signal: Signal) {
        let id = self.id();
        let name = match signal {
            Signal::Interrupt => "-INT",
            Signal::Terminate => "-TERM",
            Signal::HangUp => "-HUP",
            Signal::Kill => "-KILL",
        };
        // The shell's own `kill`: the program of that name is not on every machine.
        let sent = Command::new("sh")
            .args(["-c", "kill \"$0\" \"$1\"", name, &id.to_string()])
            .status()
            .await;
        let sent = sent.expect("there is a shell");
        assert!(sent.success(), "kill {name} {id} fails");
    }

    /// How the program ended, if it does within this time.
    pub async fn exit_within(&mut self, time: Duration) -> Option<ExitStatus> {
        let ended = timeout(time, self.child.wait()).await.ok()?;
        Some(ended.expect("a child can be waited for"))
    }

    /// Waits for the program's end and for the rest of its output.
    pub async fn wait_exit(&mut self, deadline: Duration) -> ExitStatus {
        let ended = timeout(deadline, async {
            let status = self.child.wait().await.expect("a child can be waited for");
            // Both collectors drop their senders when the pipes close.
            while self.lines.changed().await.is_ok() {}
            status
        });
        match ended.await {
            Ok(status) => status,
            Err(_) => panic!(
                "the program does not end within {deadline:?}:\n{}",
                self.transcript()
            ),
        }
    }

    /// Everything that was written, for the message of a failed test.
    pub fn transcript(&self) -> String {
        let lines = self.lines.borrow();
        let marked = lines.iter().map(|line| match line.stream {
            Stream::Stdout => format!("out| {}\n", line.text),
            Stream::Stderr => format!("err| {}\n", line.text),
        });
        marked.collect()
    }
}

/// `CARDATA_BIN`, else the program beside the folder of the test that runs.
pub fn program() -> PathBuf {
    if let Some(path) = env::var_os("CARDATA_BIN") {
        return path.into();
    }
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test stands in target/<profile>/deps");
    let program = profile.join(format!("cardata{}", env::consts::EXE_SUFFIX));
    assert!(
        program.is_file(),
        "{} is missing: build it first with `cargo build -p cardata`, as `cargo xtask test` does",
        program.display()
    );
    program
}

async fn collect(output: impl AsyncRead + Unpin, stream: Stream, sender: watch::Sender<Vec<Line>>) {
    // By bytes: a line that is not UTF-8 must not end the collection.
    let mut output = BufReader::new(output).split(b'\n');
    while let Ok(Some(bytes)) = output.next_segment().await {
        let text = String::from_utf8_lossy(&bytes).trim_end_matches('\r').to_owned();
        if text.contains("panicked at ") {
            PANICS.with_borrow_mut(|panics| panics.push(text.clone()));
        }
        sender.send_modify(|lines| lines.push(Line { stream, text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Cardata {
        Cardata::start_program(Path::new("/bin/sh"), ["-c", script], |_| ())
    }

    #[tokio::test]
    async fn lines_of_both_streams_are_waited_for_and_kept() {
        let mut shell = shell("echo one; echo two >&2; exit 7");
        assert_eq!(shell.wait_for_line("tw", SOON).await.stream, Stream::Stderr);
        assert_eq!(shell.wait_for_line("one", SOON).await.text, "one");
        assert_eq!(shell.wait_exit(SOON).await.code(), Some(7));
        assert_eq!(shell.lines().len(), 2);
        assert_eq!(
            shell.wait_exit(SOON).await.code(),
            Some(7),
            "it may be waited for twice"
        );
    }

    #[tokio::test]
    async fn signals_arrive() {
        for (signal, code) in [(Signal::Terminate, 3), (Signal::Interrupt, 4)] {
            let mut shell = shell("trap 'exit 3' TERM; trap 'exit 4' INT; echo ready; while :; do :; done");
            shell.wait_for_line("ready", SOON).await;
            shell.signal(signal).await;
            assert_eq!(shell.wait_exit(SOON).await.code(), Some(code));
        }
        let mut shell = shell("echo ready; while :; do :; done");
        shell.wait_for_line("ready", SOON).await;
        shell.signal(Signal::Kill).await;
        assert_eq!(shell.wait_exit(SOON).await.code(), None);
    }

    #[tokio::test]
    #[should_panic(expected = "the program ended without `never`:\nout| something else")]
    async fn an_end_without_the_line_is_told_with_the_output() {
        shell("echo something else").wait_for_line("never", SOON).await;
    }
}

//! A program that runs, with everything that it starts: never left behind, never a zombie.
//!
//! It has a process group of its own. A thread waits for its end, so that it is taken note of whoever still looks. Until
//! then nobody else can have its number, and so no signal meets a stranger.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{self, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use collector_core::{LogId, Name, Secret, SinkContext, SinkError};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::sync::watch;

use crate::config::ExecConfig;

/// What a program is given of our environment, which may hold secrets.
const INHERITED: [&str; 6] = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];

/// What is started, and for which sink.
#[derive(Debug)]
pub struct Launch {
    pub sink: Name,
    pub log_id: LogId,
    /// The program and its arguments; the program is an absolute path, or a name to be found in PATH.
    pub command: Vec<String>,
    pub dir: PathBuf,
    pub env: BTreeMap<String, Secret>,
}

/// How a program ended, in words: `exit status: 1`. None while it runs.
pub type Ending = Option<String>;

/// A running program. Dropping it kills it.
pub struct Process {
    group: Arc<Group>,
    ending: watch::Receiver<Ending>,
}

/// Our ends of its pipes.
pub struct Pipes {
    pub input: Sender,
    pub output: Receiver,
    pub errors: Receiver,
}

/// The number of a process group, as long as its leader has not been taken note of.
struct Group(Mutex<Option<Pid>>);

impl Launch {
    /// # Errors
    /// There is no current folder.
    pub fn of(config: ExecConfig, context: &SinkContext) -> Result<Self, SinkError> {
        let dir = config
            .dir
            .map_or(context.base_dir.clone(), |dir| context.base_dir.join(dir));
        let dir = path::absolute(&dir).map_err(|error| SinkError::from_io("find", &dir, &error))?;
        let mut command = config.command;
        // As a shell in that folder would take it.
        if let Some(program) = command.first_mut().filter(|program| program.contains('/')) {
            let path: PathBuf = dir.join(&*program).components().collect();
            *program = path.to_string_lossy().into_owned();
        }
        Ok(Self {
            sink: context.name.clone(),
            log_id: context.log_id.clone(),
            command,
            dir,
            env: config.env,
        })
    }

    /// # Errors
    /// The system does not start it.
    pub fn start(&self) -> io::Result<(Process, Pipes)> {
        let (program, arguments) = self.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, env::var_os(name)?)));
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.dir)
            .env_clear()
            .envs(inherited)
            .envs(self.env.iter().map(|(name, value)| (name, value.expose())))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Process::spawn(&mut command)
    }
}

impl Process {
    fn spawn(command: &mut Command) -> io::Result<(Self, Pipes)> {
        let (tell, ending) = watch::channel(None);
        let (hand_over, taken) = mpsc::channel::<(Child, Arc<Group>)>();
        // Before the program: one that nobody waits for would become a zombie.
        thread::Builder::new()
            .name("exec-wait".to_owned())
            .spawn(move || {
                if let Ok((child, group)) = taken.recv() {
                    tell.send_replace(Some(group.wait(child)));
                }
            })?;
        let mut child = command.spawn()?;
        let group = Arc::new(Group(Mutex::new(Some(Pid::from_child(&child)))));
        let process = Self {
            group: Arc::clone(&group),
            ending,
        };
        let fds = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let _ = hand_over.send((child, group));
        let (Some(input), Some(output), Some(errors)) = fds else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let pipes = Pipes {
            input: Sender::from_owned_fd(OwnedFd::from(input))?,
            output: Receiver::from_owned_fd(OwnedFd::from(output))?,
            errors: Receiver::from_owned_fd(OwnedFd::from(errors))?,
        };
        Ok((process, pipes))
    }

    /// How it ended; changes once.
    pub fn ending(&self) -> watch::Receiver<Ending> {
        self.ending.clone()
    }

    /// To the program and everything in its group.
    pub fn signal(&self, signal: Signal) {
        self.group.signal(signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

impl Group {
    fn signal(&self, signal: Signal) {
        let leader = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(leader) = *leader {
            // It may have ended already.
            let _ = kill_process_group(leader, signal);
        }
    }

    /// Waits until the leader has ended, and takes with it what it has started.
    fn wait(&self, mut child: Child) -> String {
        let leader = Pid::from_child(&child);
        // Only looks: its number stays its own until `child.wait`.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = retry_on_intr(|| waitid(WaitId::Pid(leader), ended));
        let mut number = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = kill_process_group(leader, Signal::KILL);
        let status = child.wait();
        *number = None;
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }
}

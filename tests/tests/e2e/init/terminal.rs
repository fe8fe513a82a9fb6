//! The program on a terminal: a pseudo terminal whose other end is the test.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tests::process::program;

use crate::scene::DEADLINE;

const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// A program that sees a terminal. Killed when dropped.
pub struct Terminal {
    end: File,
    child: Child,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Starts `cardata` in a folder that is its user's home.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&end).unwrap();
        unlockpt(&end).unwrap();
        let name = ptsname(&end, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes());
        let other = || Stdio::from(File::options().read(true).write(true).open(name).unwrap());
        let mut command = Command::new(program());
        command.args(arguments).current_dir(folder);
        super::set_home(&mut command, folder);
        let child = command.stdin(other()).stdout(other()).stderr(other()).spawn();
        let child = child.unwrap();
        // It holds the other end, which has to close with the child.
        drop(command);
        let (end, seen) = (File::from(end), Arc::new(Mutex::new(Vec::new())));
        let (mut reader, kept) = (end.try_clone().unwrap(), seen.clone());
        std::thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = reader.read(&mut bytes) {
                kept.lock().unwrap().extend(&bytes[..length]);
            }
        });
        Self { end, child, seen }
    }

    /// What stands on the terminal.
    pub fn seen(&self) -> String {
        let seen = self.seen.lock().unwrap();
        String::from_utf8_lossy(&seen).replace('\r', "")
    }

    /// Waits until this stands there.
    pub async fn wait_for(&self, text: &str) {
        let give_up = Instant::now() + DEADLINE;
        while !self.seen().contains(text) {
            assert!(Instant::now() < give_up, "no `{text}`:\n{}", self.seen());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Types a line when this has been asked.
    pub async fn answer(&mut self, question: &str, line: &str) {
        self.wait_for(question).await;
        self.end.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// With what it ends.
    pub async fn exit_code(&mut self) -> Option<i32> {
        let give_up = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < give_up, "no end:\n{}", self.seen());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        let modes = rustix::termios::tcgetattr(&self.end).unwrap().local_modes;
        modes.contains(rustix::termios::LocalModes::ECHO)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

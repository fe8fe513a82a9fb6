//! A named pipe by which a test learns what a program does, and that it and all it has started are gone.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long a test hangs, instead of failing later or never, where a program was left behind.
const BOUND: Duration = Duration::from_secs(30);

pub struct Fifo(PathBuf);

/// The end that is read.
pub struct Opened(BufReader<File>);

impl Fifo {
    pub fn made(path: &Path) -> Self {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
        Self(path.to_owned())
    }

    /// Returns when a line was written.
    pub async fn line(&self) -> Opened {
        let path = self.0.clone();
        let opened = spawn_blocking(move || {
            let mut from = BufReader::new(File::open(path).unwrap());
            from.read_line(&mut String::new()).unwrap();
            Opened(from)
        });
        opened.await.unwrap()
    }

    /// Ends whoever reads it.
    pub fn release(&self) {
        drop(File::options().read(true).write(true).open(&self.0).unwrap());
    }
}

impl Opened {
    /// Returns when nobody has it open for writing any more.
    pub async fn closed(mut self) {
        let read = spawn_blocking(move || self.0.read_to_end(&mut Vec::new()));
        let read = timeout(BOUND, read).await;
        read.unwrap_or_else(|_| panic!("somebody still holds the pipe"))
            .unwrap()
            .unwrap();
    }
}

//! What a program writes to its standard error: for the log, and its last words for a message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use collector_core::mask;
use tokio::io::AsyncRead;
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

use crate::lines::Lines;
use crate::patience::within;
use crate::process::Launch;

/// So many bytes of a line are looked at.
const LONGEST: usize = 4_096;
/// So many characters of it are told.
const SHOWN: usize = 300;
/// So many lines reach the log between two batches.
const LOGGED: usize = 20;
/// So many lines are its last words: of a traceback the place and the error.
const LAST: usize = 3;
/// How long what is still in the pipe may take after the end, where somebody else holds it open.
const REST: Duration = Duration::from_millis(500);

/// Listens until it is dropped.
pub struct Words {
    listening: JoinHandle<()>,
    heard: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    last: VecDeque<String>,
    logged: usize,
    left_out: usize,
}

impl Words {
    pub fn listen(errors: Receiver, launch: Arc<Launch>) -> Self {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let listening = tokio::spawn(listen(errors, launch, Arc::clone(&heard)));
        Self { listening, heard }
    }

    /// A batch begins: the program may say something again.
    pub fn renew(&self, launch: &Launch) {
        let mut heard = lock(&self.heard);
        heard.logged = 0;
        let left_out = std::mem::take(&mut heard.left_out);
        if left_out > 0 {
            tracing::info!(sink = %launch.sink, lines = left_out, "the program said more, which is left out");
        }
    }

    /// Its last lines, behind its end; empty where it said nothing.
    pub async fn last(mut self) -> String {
        // Whoever left its group may keep the pipe open.
        let _ = within(REST, &mut self.listening).await;
        let heard = lock(&self.heard);
        let lines: Vec<&str> = heard.last.iter().map(String::as_str).collect();
        lines.join(" | ")
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// What the program says, fit for a log: without what it was given as secrets.
pub fn quoted(text: &str, launch: &Launch) -> String {
    // What is told is one line, so that of a key with several none may stand in it.
    let secrets = launch.env.values().flat_map(|value| value.expose().lines());
    // Shorter ones are words and numbers of everybody.
    let secrets: Vec<&str> = secrets
        .map(str::trim)
        .filter(|secret| secret.len() >= 4)
        .collect();
    mask::quoted(text, &secrets, SHOWN)
}

async fn listen(errors: impl AsyncRead + Unpin, launch: Arc<Launch>, heard: Arc<Mutex<Heard>>) {
    let mut lines = Lines::new(errors, LONGEST);
    while let Ok(Some(line)) = lines.next().await {
        let text = quoted(&String::from_utf8_lossy(line.bytes), &launch);
        if text.is_empty() {
            continue;
        }
        let mut heard = lock(&heard);
        if heard.logged < LOGGED {
            heard.logged += 1;
            tracing::info!(sink = %launch.sink, "the program says: {text}");
        } else {
            heard.left_out += 1;
        }
        heard.last.push_back(text);
        if heard.last.len() > LAST {
            heard.last.pop_front();
        }
    }
}

fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use collector_core::Secret;
    use collector_core::testkit::context;

    use super::*;
    use crate::config::ExecConfig;

    #[tokio::test]
    async fn a_flood_is_counted_and_its_end_is_kept_without_secrets() {
        let config = ExecConfig {
            command: vec!["x".to_owned()],
            dir: None,
            env: BTreeMap::from([
                ("KEY".to_owned(), Secret::new("hunter2")),
                ("PEM".to_owned(), Secret::new("BEGIN KEY\n correct horse\n")),
                ("PORT".to_owned(), Secret::new("12")),
            ]),
        };
        let launch = Arc::new(Launch::of(config, &context()).unwrap());
        let heard = Arc::new(Mutex::new(Heard::default()));
        let mut text = "so many words\n\n".repeat(100).into_bytes();
        text.extend(b"WBY8P210X07A12345 at 48.137154\nhunter2 on port 12\nx\xff\n");
        text.extend([b'y'; 10_000]);
        listen(&text[..], Arc::clone(&launch), Arc::clone(&heard)).await;
        let heard = lock(&heard);
        assert_eq!((heard.logged, heard.left_out), (LOGGED, 104 - LOGGED));
        let y = format!("{}…", "y".repeat(SHOWN));
        assert_eq!(heard.last, ["… on port 12", "x\u{fffd}", &y]);
        assert_eq!(quoted("WBY8P210X07A12345 at 48.137154", &launch), "…2345 at …");
        assert_eq!(quoted("it reads correct horse", &launch), "it reads …");
    }
}

//! Programs that do not do what they should: each is told in words, and none of them is left behind.

use std::os::unix::fs::PermissionsExt;

use collector_core::testkit::{context, entries};
use collector_core::{Scope, Sink, SinkError};

use crate::fifo::Fifo;
use crate::store::Folder;

/// Takes everything and acknowledges it.
const TAKES: &str = r#"while IFS= read -r line; do case $line in '{"flush":'*)
    number=${line#*:}; echo "{\"ack\":${number%\}}}" ;; esac; done"#;

fn ready_then(script: &str) -> String {
    format!(r#"read -r hello; echo '{{"ready":1}}'; {script}"#)
}

/// What a person has to mend.
fn mended(error: SinkError) -> String {
    match error {
        SinkError::Misconfigured { reason } => reason,
        error => panic!("passes by itself: {error:?}"),
    }
}

/// What passes by itself.
fn passing(error: SinkError) -> String {
    match error {
        SinkError::Transient { reason, .. } => reason,
        error => panic!("needs a person: {error:?}"),
    }
}

#[track_caller]
fn tells(reason: &str, words: &[&str]) {
    for word in words {
        assert!(reason.contains(word), "`{word}` is not in: {reason}");
    }
}

async fn checked(mut sink: Box<dyn Sink>) -> SinkError {
    sink.check().await.unwrap_err()
}

/// Why the first batch is not stored by a program that does this when it is ready.
async fn written(script: &str) -> SinkError {
    let folder = Folder::new();
    let mut sink = folder.script(&ready_then(script));
    sink.check().await.unwrap();
    sink.write(&entries(1, 300)).await.unwrap_err()
}

#[tokio::test]
async fn what_cannot_be_started_says_what_to_do() {
    let folder = Folder::new();
    let missing = folder.sink(&["no-such-program"], context());
    tells(
        &mended(checked(missing).await),
        &["no-such-program cannot be started", "install it"],
    );
    std::fs::write(folder.path().join("mine.py"), "").unwrap();
    let mode = PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(folder.path().join("mine.py"), mode).unwrap();
    let unexecutable = folder.sink(&["./mine.py"], context());
    tells(&mended(checked(unexecutable).await), &["mine.py", "chmod +x"]);
    for (name, text, words) in [
        ("windows", "#!/bin/sh\r\n", "sed -i"),
        ("nowhere", "#!/no/such/sh\n", "`/no/such/sh`, which is not there"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let script = folder.sink(&[&format!("./{name}")], context());
        tells(&mended(checked(script).await), &[words]);
        let bare = folder.sink(&[name], context());
        tells(&mended(checked(bare).await), &["write `./` before it"]);
    }
    let itself = folder.sink(&["./"], context());
    tells(&mended(checked(itself).await), &["it is a folder"]);
    let sink = folder.sink(&["sh"], context());
    let place = folder.path().display().to_string();
    drop(folder);
    tells(&mended(checked(sink).await), &["there is no folder", &place]);
}

#[tokio::test]
async fn what_goes_wrong_at_the_hello_is_told_with_the_last_words() {
    for (script, words) in [
        (
            "echo 'no module named cars' >&2; exit 3",
            &[
                "ended (exit status: 3) before it was ready",
                "no module named cars",
            ][..],
        ),
        ("kill -9 $$", &["ended (signal: 9 (SIGKILL)) before it was ready"]),
        ("echo loading, please wait", &["`loading, please wait`"]),
        ("tr '\\0' x </dev/zero", &["a line of more than 16384 bytes"]),
        (r#"echo '{"ready":2}'"#, &["version 2", "this is version 1"]),
        (r#"echo '{"ack":1}'"#, &["before it said that it is ready"]),
        (
            r#"echo '{"stop":"no table cars for hunter2"}'"#,
            &["the program stops: no table cars for …"],
        ),
        (
            "yes 'so many words' | head -n 100000 >&2; exit 1",
            &["so many words | so many words"],
        ),
    ] {
        tells(&mended(checked(Folder::new().script(script)).await), words);
    }
}

/// A VIN in a line that is no answer, and in what serde says of it.
#[tokio::test]
async fn what_it_says_is_told_without_vins() {
    let told = mended(checked(Folder::new().script(r#"echo '{"ack":"WBY8P210X07A12345"}'"#)).await);
    assert_eq!(told.matches("…2345").count(), 2, "{told}");
    assert!(!told.contains("WBY8P210X07A12345"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn one_that_says_nothing_is_not_waited_for_for_ever() {
    tells(
        &passing(checked(Folder::new().script("exec sleep 100")).await),
        &["within 10 s"],
    );
}

#[tokio::test]
async fn what_goes_wrong_in_a_batch_is_told() {
    for (script, words) in [
        (
            r#"echo '{"ack":7}'; cat >/dev/null"#,
            "acknowledged batch 7 in batch 1",
        ),
        (
            r#"echo '{"ack":1}'; sleep 100"#,
            "acknowledged batch 1 before it had all of it",
        ),
        (r#"echo '{"ready":1}'; cat >/dev/null"#, "once more"),
        (
            r#"echo '{"refuse":9999}'; cat >/dev/null"#,
            "refused entry 9999, which is not in the batch",
        ),
        (
            r#"echo '{"refuse":5,"reading":8}'; cat >/dev/null"#,
            "refused reading 8 of entry 5, which has 8",
        ),
        ("yes ''", "what is no answer"),
    ] {
        tells(&mended(written(script).await), &[words]);
    }
    for script in [
        "exit 0",
        "exec >&-; cat >/dev/null",
        "exec <&-; exit 0",
        "exec <&-; sleep 100",
    ] {
        tells(&passing(written(script).await), &["in the middle of a batch"]);
    }
}

#[tokio::test]
async fn an_acknowledgement_that_goes_back_is_none() {
    let folder = Folder::new();
    let again = r#"while read -r line; do case $line in '{"flush":'*) echo '{"ack":1}' ;; esac; done"#;
    let mut sink = folder.script(&ready_then(again));
    sink.write(&entries(1, 2)).await.unwrap();
    let error = sink.write(&entries(3, 2)).await.unwrap_err();
    tells(&mended(error), &["acknowledged batch 1 in batch 2"]);
}

#[tokio::test]
async fn a_program_that_asks_to_wait_is_waited_for() {
    let error = written(r#"echo '{"wait":"30s","reason":"the server is down"}'; cat >/dev/null"#).await;
    assert!(
        matches!(&error, SinkError::Transient { retry_after: Some(pause), .. } if pause.as_secs() == 30),
        "{error:?}"
    );
    tells(&passing(error), &["the server is down"]);
}

#[tokio::test]
async fn what_it_cannot_remove_stays() {
    let folder = Folder::new();
    let mut sink = folder.script(&ready_then(TAKES));
    let error = sink.erase(&Scope::default()).await.unwrap_err();
    tells(
        &mended(error),
        &["cannot remove what it holds", "without --rewrite"],
    );
    sink.write(&entries(1, 2)).await.unwrap();
}

/// It holds the pipe open, never reads, and so does what it has started.
#[tokio::test]
async fn a_dropped_write_kills_the_program_and_the_next_begins_with_a_new_one() {
    let folder = Folder::new();
    let hangs = "exec 9>fifo; rm fifo; echo x >&9; sleep 100 & sleep 100";
    let script = format!("if [ -e fifo ]; then {hangs}; else {TAKES}; fi");
    let mut sink = folder.script(&ready_then(&script));
    let fifo = Fifo::made(&folder.path().join("fifo"));
    let batch = entries(1, 300);
    let opened = tokio::select! {
        written = sink.write(&batch) => panic!("nothing reads: {written:?}"),
        opened = fifo.line() => opened,
    };
    opened.closed().await;
    sink.write(&batch).await.unwrap();
    sink.close().await.unwrap();
}

#[tokio::test]
async fn one_that_does_not_end_is_ended() {
    let folder = Folder::new();
    let deaf = r#"trap '' TERM; read -r hello; exec 9>fifo; echo x >&9; echo '{"ready":1}'; while :; do sleep 100; done"#;
    let mut sink = folder.script(deaf);
    let fifo = Fifo::made(&folder.path().join("fifo"));
    let (checked, opened) = tokio::join!(sink.check(), fifo.line());
    checked.unwrap();
    opened.closed().await;
    tells(&sink.remarks().join(" "), &["does not end within a second"]);
}

#[tokio::test]
async fn what_it_leaves_behind_ends_with_it() {
    let folder = Folder::new();
    let leaves = ready_then(&format!("(echo x; exec sleep 100) >fifo & {TAKES}"));
    let mut sink = folder.script(&leaves);
    let fifo = Fifo::made(&folder.path().join("fifo"));
    let batch = entries(1, 2);
    let (written, opened) = tokio::join!(sink.write(&batch), fifo.line());
    written.unwrap();
    sink.close().await.unwrap();
    opened.closed().await;
    assert_eq!(sink.remarks(), [""; 0]);
}

#[tokio::test]
async fn one_who_left_the_group_and_holds_the_pipes_delays_nobody() {
    let folder = Folder::new();
    let fifo = Fifo::made(&folder.path().join("fifo"));
    let mut sink = folder.script(&ready_then(&format!("setsid cat fifo >&2 & {TAKES}")));
    sink.write(&entries(1, 2)).await.unwrap();
    sink.close().await.unwrap();
    fifo.release();
}

#[tokio::test]
async fn a_program_is_told_who_asks_and_finds_no_secret_of_ours() {
    let folder = Folder::new();
    let script = r#"read -r hello; echo "$hello" >hello; env >env; echo '{"ready":1}'"#;
    folder.script(script).check().await.unwrap();
    let hello = r#"{"hello":1,"mode":"check","sink":"under-test","log_id":"0123456789abcdef"}"#;
    assert_eq!(folder.read("hello").trim(), hello);
    let env = folder.read("env");
    assert!(
        std::env::var_os("CARGO_MANIFEST_DIR").is_some() && !env.contains("CARGO"),
        "{env}"
    );
    tells(&env, &["SECRET=hunter2\n", "PATH="]);
}

//! What the program shows on a terminal: lines that fit it, one clock, and nothing that it does not understand. The
//! terminal is that of `script` (util-linux); where there is none, these tests say that they prove nothing.

use std::path::Path;
use std::process::Command;

use tests::process::{Cardata, program};

use crate::scene::{DEADLINE, Plan, Said, Scene, end};

/// One car, whose hours pass in a second each.
const DEMO: &str = "\
simulator: { speed: 3600 }
sources: [{ type: telematics, container: battery, every: 1h }]
sinks: [{ type: stdout, format: text, select: { descriptors: [soc, charging_status, mileage] } }]
";
const TRUE_COLOURS: &[(&str, &str)] = &[("TERM", "xterm-256color")];
const NO_COLOUR: &[(&str, &str)] = &[("TERM", "xterm-256color"), ("NO_COLOR", "1")];
const DUMB: &[(&str, &str)] = &[("TERM", "dumb")];
const DAY: i64 = 86_400;

#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
fn is_there() -> bool {
    let is_there = Command::new("script").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("skipped: there is no `script` on this machine");
    }
    is_there
}

/// The program at a terminal of so many columns, in a folder; its process id is in `pid` there.
fn at_terminal(folder: &Path, columns: u16, variables: &[(&str, &str)], arguments: &str) -> Cardata {
    let line = format!(
        "stty cols {columns} rows 40; echo $$ > pid; exec {} {arguments}",
        program().display()
    );
    Cardata::start_program(Path::new("script"), ["-qec", &line, "/dev/null"], |command| {
        command
            .current_dir(folder)
            .env("SHELL", "/bin/sh")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("CARDATA_LOG")
            .env_remove("NO_COLOR")
            .envs(variables.iter().copied());
    })
}

/// Asks the program for its end and returns what the terminal got.
async fn stopped(run: Cardata, folder: &Path) -> String {
    let stop = "kill -INT $(cat pid)";
    let status = Command::new("sh").args(["-c", stop]).current_dir(folder).status();
    assert!(status.unwrap().success());
    shown(end(run).await)
}

fn shown(said: Said) -> String {
    assert_eq!(said.code, Some(0), "{said:?}");
    said.out.replace('\r', "")
}

/// Without its colours.
fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| {
        all + part.split_once('m').map_or(part, |(_, text)| text)
    })
}

fn assert_fits(text: &str, columns: usize) {
    for line in text.lines().map(plain) {
        assert!(line.chars().count() <= columns, "{line}\n\n{text}");
    }
}

/// The seconds of the day that a text begins with.
fn time_of_day(text: &str) -> Option<i64> {
    let (time, _) = text.split_once('Z')?;
    let parts: Result<Vec<i64>, _> = time.split(':').map(str::parse).collect();
    match parts.ok()?[..] {
        [hours, minutes, seconds] => Some(hours * 3_600 + minutes * 60 + seconds),
        _ => None,
    }
}

/// Times of day one after the other, as seconds that go on over midnight; a step back of less than half a day fails.
fn going_on(times: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut all: Vec<i64> = Vec::new();
    for time in times {
        let last = all.last().copied().unwrap_or(time);
        let step = (time - last).rem_euclid(DAY);
        assert!(step < DAY / 2, "{time} after {all:?}");
        all.push(last + step);
    }
    all
}

#[tokio::test]
async fn a_demo_fits_the_terminal_and_shows_one_clock() {
    if !is_there() {
        return;
    }
    for (variables, has_colours) in [(TRUE_COLOURS, true), (NO_COLOUR, false), (DUMB, false)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pipeline.yaml"), DEMO).unwrap();
        let run = at_terminal(folder.path(), 80, variables, "run");
        // Two polls of a car that is polled every hour.
        for polls in 1..=2 {
            crate::scene::until(&run, "a poll", || crate::scene::count(&run, "polled") >= polls).await;
        }
        let text = stopped(run, folder.path()).await;
        assert_fits(&text, 80);
        assert_eq!(text.contains('\u{1b}'), has_colours, "{text}");

        let lines: Vec<_> = text.lines().map(plain).collect();
        let logged = going_on(lines.iter().filter_map(|line| time_of_day(line)));
        let (first, last) = (logged[0], logged[logged.len() - 1]);
        assert!(last - first >= 3_600, "an hour of the car's life is told: {text}");
        // A record begins with the time that it is of, and goes on behind two blanks.
        let is_reading = |line: &&String| !line.starts_with(' ') && !line.contains(", revision ");
        let told = lines
            .iter()
            .filter(is_reading)
            .filter_map(|line| time_of_day(line.split_once('T')?.1));
        let told = going_on(std::iter::once(first).chain(told));
        assert!(told.len() > 2 && told[told.len() - 1] <= last, "{told:?}: {text}");

        let status = shown(end(at_terminal(folder.path(), 80, variables, "status")).await);
        assert_fits(&status, 80);
        assert!(status.contains("\nSinks\n"), "{status}");
    }
}

#[tokio::test]
async fn a_login_is_shown_as_the_terminal_can_show_it() {
    if !is_there() {
        return;
    }
    let scene = Scene::set(&Plan::default()).await;
    let folder = scene.path("");
    for (columns, variables, is_drawn) in [
        (80, TRUE_COLOURS, true),
        (40, TRUE_COLOURS, true),
        (28, TRUE_COLOURS, false),
        (80, DUMB, false),
        (80, &[("TERM", "xterm"), ("LC_ALL", "C")], false),
    ] {
        let run = at_terminal(&folder, columns, variables, "login");
        run.wait_for_line("user_code=", DEADLINE).await;
        let text = shown(end(run).await);
        let picture = text.lines().filter(|line| line.contains("██"));
        let widths: Vec<_> = picture.map(|line| line.trim_end().chars().count()).collect();
        assert_eq!(!widths.is_empty(), is_drawn, "{columns}: {text}");
        assert!(
            widths.iter().all(|width| *width <= usize::from(columns)),
            "{text}"
        );
        // The link stands on one line, whatever the width.
        let link = text.lines().find(|line| line.contains("user_code=")).unwrap();
        let (_, code) = text.split_once("Code").unwrap();
        let code = code.lines().next().unwrap().trim();
        assert!(link.contains("http://") && link.ends_with(code), "{code}: {text}");
    }
}

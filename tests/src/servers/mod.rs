//! Real servers for tests, from Debian's packages.
//!
//! Each `start` gives a server that answers, or `None` when `CARDATA_WITHOUT_SERVERS=1` leaves the tests
//! against servers out. A server that is wanted and cannot be found is a failed test, with the command that
//! fetches it.

mod daemon;
mod facade;
mod influxdb1;
mod mosquitto;
mod port;
mod promtool;
mod victoria_metrics;

use std::env;
use std::path::{Path, PathBuf};

pub(crate) use daemon::{Daemon, Health};
pub use facade::V2Facade;
pub use influxdb1::{FieldValue, InfluxDb1, Point, Rows};
pub use mosquitto::Mosquitto;
pub use promtool::Promtool;
pub use victoria_metrics::{Series, VictoriaMetrics};

/// The path of a server's program: `variable`, else `PATH`, else what `cargo xtask test` unpacked under
/// `target/servers`. `None` when the tests against servers are left out.
fn find(program: &str, variable: &str) -> Option<PathBuf> {
    if is_without_servers() {
        say_left_out(program, "no servers");
        return None;
    }
    let named = env::var_os(variable).map(PathBuf::from);
    let found = named.or_else(|| on_path(program)).or_else(|| unpacked(program));
    let Some(path) = found else {
        panic!(
            "`{program}` is neither on PATH nor named by {variable}: run `cargo xtask test`, which fetches \
             it without touching the system, or set CARDATA_WITHOUT_SERVERS=1 to leave this test out"
        );
    };
    Some(path)
}

/// The same for what not every system can have: `None` also where it is not there. `unpacked` is its place below
/// `target/servers`.
pub(crate) fn find_if_there(program: &str, variable: &str, unpacked: &str) -> Option<PathBuf> {
    if is_without_servers() {
        say_left_out(program, "no servers");
        return None;
    }
    let named = env::var_os(variable).map(PathBuf::from);
    let unpacked = || {
        Some(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../target/servers")
                .join(unpacked),
        )
    };
    let found = named.or_else(|| on_path(program)).or_else(unpacked);
    let found = found.filter(|path| path.is_file());
    if found.is_none() {
        say_left_out(program, "it is not here; `cargo xtask test` fetches it");
    }
    found
}

fn is_without_servers() -> bool {
    env::var_os("CARDATA_WITHOUT_SERVERS").is_some_and(|value| value == "1")
}

/// The library `libfaketime`, which tells a program another time; else why it cannot be had.
pub fn faketime() -> Result<PathBuf, String> {
    const LIBRARY: &str = "libfaketimeMT.so.1";
    const VARIABLE: &str = "CARDATA_TEST_FAKETIME";
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/usr/bin");
    let named = env::var_os(VARIABLE).map(PathBuf::from);
    let found = named.or_else(|| Some(unpacked.join(LIBRARY)));
    found.filter(|path| path.is_file()).ok_or_else(|| {
        format!("{LIBRARY} (Debian's package libfaketime) is not here; {VARIABLE} may name it")
    })
}

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn say_left_out(program: &str, reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("left out: {test} needs {program} ({reason})");
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn unpacked(program: &str) -> Option<PathBuf> {
    let servers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/servers/usr/bin");
    let beside_the_test = env::current_exe()
        .ok()
        .and_then(|test| Some(test.ancestors().nth(3)?.join("servers/usr/bin")));
    [Some(servers), beside_the_test]
        .into_iter()
        .flatten()
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// A client for loopback: no proxy, no certificates, so that it can be built on any machine.
pub fn client() -> reqwest::Client {
    // An error says that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client without certificates can be built")
}

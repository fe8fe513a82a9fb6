//! How cardata is started when everything is there: as the service of the machine, or in this process.

use std::path::Path;
use std::process::Command;

use crate::{CommandResult, Failure, terminal};
use pipeline_init::target::Target;

/// As `sd_booted(3)` tells that systemd runs the machine.
const BOOTED: &str = "/run/systemd/system";
/// Where units are that packages and administrators bring.
const UNITS: [&str; 3] = [
    "/etc/systemd/system/cardata.service",
    "/usr/lib/systemd/system/cardata.service",
    "/lib/systemd/system/cardata.service",
];
/// Starts the service, now and with the machine.
pub const ENABLE: [&str; 4] = ["systemctl", "enable", "--now", "cardata"];

/// Whether there is a service that reads this file.
pub fn is_service(target: &Target) -> bool {
    let has_unit = || UNITS.iter().any(|unit| Path::new(unit).exists());
    target.is_system && Path::new(BOOTED).is_dir() && has_unit()
}

/// Starts it.
///
/// # Errors
/// systemd refuses, which it says itself.
pub fn enable() -> CommandResult {
    let line = ENABLE.join(" ");
    terminal::say(&format!("  {line}"));
    let status = Command::new(ENABLE[0]).args(&ENABLE[1..]).status();
    let status = status.map_err(|error| Failure::new(2, format!("`{line}` cannot be run: {error}")))?;
    if !status.success() {
        let advice = "`journalctl -u cardata` tells why";
        return Err(Failure::new(2, format!("`{line}` ended with {status}: {advice}")));
    }
    terminal::say("It runs, also after the next start of the machine. How it is doing: cardata status");
    Ok(())
}

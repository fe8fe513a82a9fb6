//! What the system tells of this process.

use std::fs;

/// Ticks of a second in `/proc`.
const TICKS: f64 = 100.0;

/// Processor time so far, in seconds.
pub fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    // The name may hold anything; what counts stands behind it.
    let (_, told) = stat.rsplit_once(") ").unwrap();
    let told: Vec<&str> = told.split(' ').collect();
    let ticks = |at: usize| told[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / TICKS
}

/// From now on [`peak`] is of what comes.
pub fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// The most memory that was used, in MiB.
pub fn peak() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let told = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    told.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
}

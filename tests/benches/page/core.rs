//! The machine of an owner: one core, and files that nobody has read since the start.

use std::fs;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_setaffinity};

/// The threads of a process, and those that they start, run on the first core alone.
pub fn keep_to_one(process: u32) {
    let mut one = CpuSet::new();
    one.set(0);
    for thread in fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten() {
        let number: i32 = thread.file_name().into_string().unwrap().parse().unwrap();
        // A thread that ended meanwhile needs no core.
        let _ = sched_setaffinity(Pid::from_raw(number), &one);
    }
}

/// Drops what the system has read of files. Only root may.
pub fn forget_files() {
    let _ = fs::write("/proc/sys/vm/drop_caches", "3");
}

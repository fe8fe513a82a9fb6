//! A free port on loopback, kept from the other tests that run.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;

/// A port that was free a moment ago. The kernel chose it; a lock file keeps the other test processes of this
/// work tree from taking it between the moment it is released here and the moment the server binds it. A
/// program that is none of ours can still be faster: then the server ends at once, and another port is
/// allocated.
pub struct Port {
    pub number: u16,
    /// Unlocked when dropped, or when the process ends in any way.
    _lock: File,
}

impl Port {
    pub fn allocate() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/test-ports");
        fs::create_dir_all(&folder).expect("the folder for port locks can be made");
        loop {
            let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
            let number = listener
                .local_addr()
                .expect("a bound socket has an address")
                .port();
            let lock = File::create(folder.join(number.to_string())).expect("a port lock can be made");
            if lock.try_lock().is_ok() {
                return Self { number, _lock: lock };
            }
        }
    }
}

//! The time that log lines and messages show: that of the pipeline, so that nothing shows two times at once.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use runtime::{Clock, SystemClock};

static CLOCK: OnceLock<Arc<dyn Clock>> = OnceLock::new();

/// From now on the time of the pipeline that this process runs is shown. Until then it is that of the machine.
pub fn follow(clock: Arc<dyn Clock>) {
    // A process runs one pipeline.
    let _ = CLOCK.set(clock);
}

pub fn now() -> Timestamp {
    CLOCK.get().map_or_else(|| SystemClock.now(), |clock| clock.now())
}

//! What the page reads: a history of its own in the state directory, delivered like every sink, and filled again from the
//! journal when it is gone.

use std::path::PathBuf;
use std::{fs, io};

use collector_core::{Sink, SinkContext, SinkError};
use history::{HistorySink, Place};
use journal::JournalError;
use pipeline::{Pipeline, SinkSpec};

use crate::state::{DASHBOARD, OpenState};

/// Gives a pipeline that has a page the sink that fills it.
pub fn add(pipeline: &mut Pipeline) {
    if pipeline.dashboard.is_none() {
        return;
    }
    let path = place(pipeline);
    let place = Place {
        path: path.as_path().into(),
        others_may_read: false,
        rollups: true,
    };
    let build = |context: SinkContext| -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(HistorySink::new(place, context.network, context.log_id)))
    };
    pipeline.sinks.push(SinkSpec::of_page(path, Box::new(build)));
}

/// The database that the page reads; there is none before something came.
pub fn place(pipeline: &Pipeline) -> PathBuf {
    pipeline.state.join(DASHBOARD)
}

/// Has the sinks of the program begin anew whose files are gone.
///
/// # Errors
/// The journal cannot be written.
pub(crate) async fn refill(sinks: &[SinkSpec], state: &OpenState) -> Result<(), JournalError> {
    for sink in sinks.iter().filter(|sink| sink.is_own) {
        if sink.place.as_deref().is_some_and(|place| !place.exists()) {
            state.journal.start_over(&sink.name).await?;
        }
    }
    Ok(())
}

/// Removes what the sinks of the program have written, so that the next run fills them anew: a vehicle was forgotten.
///
/// # Errors
/// A file that is there cannot be removed.
pub fn remove(sinks: &[SinkSpec]) -> io::Result<()> {
    for place in sinks
        .iter()
        .filter(|sink| sink.is_own)
        .filter_map(|sink| sink.place.as_deref())
    {
        for end in ["-wal", "-shm", ""] {
            let mut file = place.as_os_str().to_owned();
            file.push(end);
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

//! How a reading looks in the store. Pure: no disk, no network.

use collector_core::{Entry, SinkError};

/// One line per reading of the batch, in its order.
pub fn lines(batch: &[Entry]) -> Result<Vec<u8>, SinkError> {
    let mut lines = Vec::new();
    for entry in batch {
        for reading in &entry.snapshot.readings {
            let line = (
                entry.snapshot.vehicle.vin.as_str(),
                reading.descriptor.as_str(),
                reading.measured_at.as_millisecond(),
                reading.value.to_string(),
            );
            serde_json::to_writer(&mut lines, &line)
                .map_err(|error| SinkError::transient(format!("cannot encode a reading: {error}")))?;
            lines.push(b'\n');
        }
    }
    Ok(lines)
}

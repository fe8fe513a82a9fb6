//! What a sink makes as root, `sudo cardata run` once or `sudo cardata replay`, belongs to the owner of the folder in which
//! the sink has its place: else the service could not write to it any more. Here, for all sinks, so that none has to know.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use collector_core::{Entry, Held, Scope, Sink, SinkError, Written};
use runtime::private;

/// A sink whose place is handed over behind everything that may have made something.
struct Owned {
    sink: Box<dyn Sink>,
    /// What has to be handed over: the place, and the folders above it that were missing, the highest first.
    places: Vec<PathBuf>,
}

/// The sink as it is, or, for root, one whose `place` on disk is handed over.
pub(crate) fn owned(sink: Box<dyn Sink>, place: Option<&Path>) -> Box<dyn Sink> {
    let Some(place) = place.filter(|_| private::is_root()) else {
        return sink;
    };
    let missing = place.ancestors().skip(1).take_while(|folder| !folder.exists());
    let mut places: Vec<_> = std::iter::once(place)
        .chain(missing)
        .map(Path::to_owned)
        .collect();
    places.reverse();
    Box::new(Owned { sink, places })
}

impl Owned {
    fn hand_over(&self) {
        for place in &self.places {
            // The place of a sink that has none on disk is no path.
            if let Err(error) = private::adopt_place(place) {
                tracing::debug!(place = %place.display(), %error, "could not be given to the owner of its folder");
            }
        }
    }
}

#[async_trait]
impl Sink for Owned {
    fn start(&mut self) {
        self.sink.start();
    }

    async fn check(&mut self) -> Result<(), SinkError> {
        self.sink.check().await
    }

    fn remarks(&self) -> Vec<String> {
        self.sink.remarks()
    }

    async fn held(&mut self) -> Result<Held, SinkError> {
        self.sink.held().await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let written = self.sink.write(batch).await;
        self.hand_over();
        written
    }

    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let written = self.sink.rewrite(batch).await;
        self.hand_over();
        written
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let erased = self.sink.erase(scope).await;
        self.hand_over();
        erased
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        let closed = self.sink.close().await;
        self.hand_over();
        closed
    }
}

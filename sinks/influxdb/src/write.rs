//! The sink: plans a batch, encodes ahead of the network, and sends one request after another.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use collector_core::{Entry, Held, Name, Present, Scope, Sink, SinkContext, SinkError, Written};
use tokio::sync::mpsc;
use tokio::task::JoinError;

use crate::body::{Batch, Limits, Request};
use crate::client::Client;
use crate::config::InfluxdbConfig;
use crate::encode::Encoder;
use crate::erase::Erasure;
use crate::isolate::Delivery;
use crate::known::Known;
use crate::meant::name;
use crate::plan::Plan;
use crate::points::KIND;
use crate::reply::{Reply, VICTORIA};
use crate::revise::Revision;
use crate::target::Target;

/// InfluxData's advice for a batch, and well below the body sizes that the servers take by default (25 MB).
const LIMITS: Limits = Limits {
    lines: 5_000,
    bytes: 4 * 1024 * 1024,
};

/// What VictoriaMetrics cannot hold: it accepts all of it, and says nothing.
const OF_VICTORIA: &str = "the server is VictoriaMetrics, which keeps no texts (they are stored as 0), one of two values of \
    one millisecond, no records, and by default one month: start it with `-retentionPeriod=100y`, and add a sink of another \
    type for the rest";

/// One InfluxDB.
pub struct InfluxdbSink {
    name: Name,
    client: Client,
    encoder: Arc<Encoder>,
    present: Arc<dyn Present>,
    /// Shrinks when the server finds a body too large.
    limits: Limits,
    /// Whether the server was found to be VictoriaMetrics.
    is_victoria: bool,
    /// That it holds something.
    known: Known,
}

impl InfluxdbSink {
    /// The options must have been found valid.
    pub fn new(config: InfluxdbConfig, context: &SinkContext) -> Result<Self, SinkError> {
        let target = Target::of(&config).map_err(|mistakes| {
            let mistakes: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
            SinkError::misconfigured(mistakes.join("; "))
        })?;
        let ca = config.ca.as_ref().map(|path| context.base_dir.join(path));
        Ok(Self {
            name: context.name.clone(),
            client: Client::new(target, context.trust.clone(), ca),
            encoder: Arc::new(Encoder(config)),
            present: Arc::clone(&context.present),
            limits: LIMITS,
            is_victoria: false,
            known: Known::default(),
        })
    }
}

#[async_trait]
impl Sink for InfluxdbSink {
    /// Sends a write without lines: InfluxDB looks at the login, the organisation and the bucket or database
    /// before it looks for lines. InfluxDB 2.0 then calls the missing lines a mistake, which is a success here. Records
    /// need a login that may read as well; a server that cannot be asked is none the worse for readings.
    async fn check(&mut self) -> Result<(), SinkError> {
        self.client.post(&mut Request::default()).await?;
        let question = format!("SELECT * FROM {} LIMIT 1", name(KIND));
        let reply = self.client.ask(&[question]).await?;
        self.is_victoria = matches!(reply, Reply::Unable(words) if words == VICTORIA);
        Ok(())
    }

    fn remarks(&self) -> Vec<String> {
        let of_victoria = self.is_victoria.then(|| OF_VICTORIA.to_owned());
        let in_the_clear = self.client.target().in_the_clear();
        in_the_clear.into_iter().chain(of_victoria).collect()
    }

    /// Asks at the start, behind each trouble, and once an hour of writes: whoever empties a bucket takes it away, as a rule.
    async fn held(&mut self) -> Result<Held, SinkError> {
        if self.known.holds(Instant::now()) {
            return Ok(Held::Unknown);
        }
        let question = format!("SHOW FIELD KEYS FROM {}", name(&self.encoder.0.measurement));
        let reply = self.client.ask(&[question]).await?;
        self.known = Known::since(Instant::now());
        Ok(match reply {
            Reply::Answered(series) if series.iter().all(Vec::is_empty) => Held::Nothing,
            _ => Held::Unknown,
        })
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let known = std::mem::take(&mut self.known);
        let written = self.send(batch).await?;
        self.known = known.or_since(Instant::now());
        Ok(written)
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let erasure = Erasure::new(&mut self.client, &self.encoder, &*self.present, scope).await?;
        erasure.run().await
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        self.known = Known::since(Instant::now());
        self.client.close();
        Ok(())
    }
}

impl InfluxdbSink {
    async fn send(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let plan = Plan::of(batch, &self.encoder);
        let mut rejected = plan.rejected.clone();
        let compress = !self.client.target().is_loopback();
        let lines = Batch::new(batch, Arc::clone(&self.encoder), compress);
        let (sender, mut requests) = mpsc::channel(1);
        let encoding = tokio::task::spawn_blocking({
            let (lines, limits) = (lines.clone(), self.limits);
            move || encode_ahead(&plan, &lines, limits, &sender)
        });
        let mut delivery = Delivery::new(&mut self.client, &lines, self.limits.bytes);
        while let Some(request) = requests.recv().await {
            delivery.deliver(request).await?;
        }
        // The channel also closes when the encoder panics, which must not pass for the end of the batch.
        match encoding.await.map_err(JoinError::try_into_panic) {
            Ok(()) => {}
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(error)) => return Err(SinkError::transient(format!("encoding stopped: {error}"))),
        }
        let (mut written, largest) = delivery.finish()?;
        self.limits.bytes = largest;
        rejected.append(&mut written.rejected);
        let revision = Revision::new(&mut self.client, &self.encoder);
        let refused = revision.write(batch).await?;
        if refused.left_out > 0 && !std::mem::replace(&mut self.is_victoria, true) {
            tracing::info!(sink = %self.name, "{OF_VICTORIA}");
        }
        rejected.extend(refused.rejected);
        written.outlived += refused.outlived;
        rejected.sort_by_key(|rejection| (rejection.seq, rejection.reading));
        written.rejected = rejected;
        Ok(written)
    }
}

/// Encodes the next request while one is on its way. Ends early when nobody listens any more.
fn encode_ahead(plan: &Plan, batch: &Batch, limits: Limits, requests: &mpsc::Sender<Request>) {
    for (precision, mut places) in plan.parts() {
        while !places.is_empty() {
            let request = batch.request(precision, places, limits);
            places = &places[request.places.len()..];
            if requests.blocking_send(request).is_err() {
                return;
            }
        }
    }
}

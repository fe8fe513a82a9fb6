//! The sink: what a batch makes, published one behind the other, acknowledged when the broker has all of it.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{
    Body, BrokerAddress, Demands, Entry, Rejection, Scope, Secret, Sink, SinkContext, SinkError, Snapshot,
    Written,
};
use rumqttc::QoS;
use tokio::sync::Mutex;

use crate::board::{Board, Mode};
use crate::config::MqttConfig;
use crate::keeper::Keeper;
use crate::link::Target;
use crate::message::Message;
use crate::topics::Topics;
use crate::trust::Authorities;

/// One broker.
pub struct MqttSink {
    target: Arc<Target>,
    topics: Topics,
    board: Arc<Mutex<Board>>,
    demands: Arc<dyn Demands>,
    keeper: Option<Keeper>,
}

impl MqttSink {
    /// The options must have been found valid.
    pub fn new(config: MqttConfig, context: &SinkContext) -> Result<Self, SinkError> {
        let address: BrokerAddress = config
            .url
            .parse()
            .map_err(|error| SinkError::misconfigured(format!("url: {error}")))?;
        let topics = Topics::of(&config);
        let demands = Arc::clone(&context.demands);
        let board = Board::new(&config, Arc::clone(&context.present), demands.are_taken());
        let log: String = context.log_id.as_str().chars().take(8).collect();
        let password = config.password.unwrap_or_else(|| Secret::new(""));
        let target = Target {
            address,
            login: config.user.map(|user| (user, password)),
            authorities: Authorities {
                usual: context.trust.clone(),
                ca: config.ca.map(|path| context.base_dir.join(path)),
            },
            client_id: config
                .client_id
                .unwrap_or_else(|| format!("cardata-{}-{log}", context.name)),
            qos: match config.qos {
                0 => QoS::AtMostOnce,
                _ => QoS::AtLeastOnce,
            },
        };
        Ok(Self {
            target: Arc::new(target),
            topics,
            board: Arc::new(Mutex::new(board)),
            demands,
            keeper: None,
        })
    }

    fn keeper(&mut self) -> &mut Keeper {
        self.keeper.take_if(|keeper| keeper.has_ended());
        self.keeper.get_or_insert_with(|| {
            let (target, board) = (Arc::clone(&self.target), Arc::clone(&self.board));
            Keeper::start(target, self.topics.clone(), board, Arc::clone(&self.demands))
        })
    }

    async fn deliver(&mut self, batch: &[Entry], mode: Mode) -> Result<Written, SinkError> {
        let line = self.keeper().line().await?;
        let mut written = Written::default();
        let mut notices = Vec::new();
        {
            // What is shown and what is published go together: nobody else publishes meanwhile.
            let mut board = self.board.lock().await;
            for entry in batch {
                let made = match &entry.body {
                    Body::Snapshot(snapshot) => {
                        board.meet(&snapshot.vehicle).await?;
                        board.look_ahead(snapshot);
                        of_snapshot(&mut board, entry.seq, snapshot, mode, &mut written.rejected)
                    }
                    Body::Record(record) => {
                        board.meet(&record.vehicle).await?;
                        let messages = board.tell(record);
                        let refusal = messages.iter().find_map(Message::refusal);
                        match refusal {
                            None => messages,
                            Some(reason) => {
                                written.rejected.push(Rejection::record(entry.seq, reason));
                                Vec::new()
                            }
                        }
                    }
                    // The contract may grow; what this sink does not know it does not publish.
                    _ => Vec::new(),
                };
                let vehicle = match &entry.body {
                    Body::Snapshot(snapshot) => Some(&snapshot.vehicle),
                    Body::Record(record) => Some(&record.vehicle),
                    _ => None,
                };
                let button = vehicle.and_then(|vehicle| board.offer(vehicle));
                for message in button.into_iter().chain(made) {
                    notices.push(line.publish(message).await?);
                }
            }
        }
        line.delivered(notices).await?;
        Ok(written)
    }
}

#[async_trait]
impl Sink for MqttSink {
    fn start(&mut self) {
        self.keeper();
    }

    fn remarks(&self) -> Vec<String> {
        self.target.in_the_clear().into_iter().collect()
    }

    async fn check(&mut self) -> Result<(), SinkError> {
        self.target.try_login().await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.deliver(batch, Mode::Live).await
    }

    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.deliver(batch, Mode::Again).await
    }

    /// What was published is gone. What is retained is brought up to date by each connection, out of the present as
    /// today's rules read it.
    async fn erase(&mut self, _: &Scope) -> Result<(), SinkError> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        if let Some(keeper) = self.keeper.take() {
            keeper.leave().await;
        }
        Ok(())
    }
}

/// The messages of one snapshot, without those of readings that no broker would take.
fn of_snapshot(
    board: &mut Board,
    seq: u64,
    snapshot: &Snapshot,
    mode: Mode,
    rejected: &mut Vec<Rejection>,
) -> Vec<Message> {
    let mut made = Vec::new();
    for (position, reading) in snapshot.readings.iter().enumerate() {
        let messages = board.take(snapshot, reading, mode);
        match messages.iter().find_map(Message::refusal) {
            Some(reason) => rejected.push(Rejection::reading(seq, position, reason)),
            None => made.extend(messages),
        }
    }
    if mode == Mode::Live {
        let ends = snapshot.ended.iter();
        made.extend(ends.flat_map(|ended| board.end(snapshot, ended)));
    }
    made
}

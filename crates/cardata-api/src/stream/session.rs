//! A session that is logged in: a task owns the connection and keeps it alive, whatever its owner does.

use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{Disconnect, Packet, PingReq, PubAck};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout, timeout_at};

use super::framing::{Framer, message};
use super::login::{self, Granted};
use super::mailbox::{Inlet, Outlet, mailbox};
use super::socket::Socket;
use super::{Message, MqttSession, StreamError, StreamLogin};

/// As many batches of acknowledgements may wait to be sent.
const OUTGOING: usize = 16;
/// As many messages are put into the mailbox at once.
const BATCH: usize = 1_024;

/// How long things may take, in real time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) keep_alive: Duration,
    pub(crate) patience: Duration,
}

impl Timing {
    /// How long a broker may be silent, with a ping in between.
    fn silence(self) -> Duration {
        self.keep_alive + self.keep_alive / 2
    }
}

/// One login, from the broker's yes to the end of the connection.
pub(crate) struct Session {
    arrived: Outlet,
    outgoing: mpsc::Sender<Bytes>,
    task: Task,
    timing: Timing,
}

/// Ends with its owner.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// Logs in on a connection and keeps it.
    pub(crate) async fn log_in(
        mut socket: Box<dyn Socket>,
        address: &str,
        timing: Timing,
        (login, plain): (&StreamLogin, bool),
    ) -> Result<Self, StreamError> {
        let Granted { framer, early, end } =
            login::log_in(&mut socket, address, timing, (login, plain)).await?;
        let (inlet, arrived) = mailbox();
        if !early.is_empty() {
            inlet.put(early).await;
        }
        let (outgoing, sent) = mpsc::channel(OUTGOING);
        let task = tokio::spawn(async move {
            let end = match end {
                Some(end) => end,
                None => converse(socket, framer, &inlet, sent, timing).await,
            };
            inlet.end(end);
        });
        Ok(Self {
            arrived,
            outgoing,
            task: Task(task),
            timing,
        })
    }
}

#[async_trait]
impl MqttSession for Session {
    async fn receive(&mut self) -> Result<Vec<Message>, StreamError> {
        self.arrived.take().await
    }

    async fn acknowledge(&mut self, messages: &[Message]) {
        let mut bytes = BytesMut::with_capacity(4 * messages.len());
        for id in messages.iter().filter_map(|message| message.id) {
            // It refuses the number 0 only, which no message has.
            let _ = PubAck::new(id).write(&mut bytes);
        }
        if !bytes.is_empty() {
            // On a connection that is over, nobody takes it.
            let _ = self.outgoing.send(bytes.freeze()).await;
        }
    }

    async fn close(self: Box<Self>) {
        let Self {
            outgoing,
            mut task,
            timing,
            ..
        } = *self;
        let goodbye = async move {
            let mut bytes = BytesMut::new();
            if Disconnect.write(&mut bytes).is_ok() {
                let _ = outgoing.send(bytes.freeze()).await;
            }
            // The task ends when all is sent and nobody can send more.
            drop(outgoing);
            let _ = (&mut task.0).await;
        };
        if timeout(timing.patience, goodbye).await.is_err() {
            tracing::debug!("the broker does not take a goodbye");
        }
    }
}

/// Reads and writes until one of them is over. Which of both is told: why nothing more comes.
async fn converse(
    socket: Box<dyn Socket>,
    framer: Framer,
    inlet: &Inlet,
    outgoing: mpsc::Receiver<Bytes>,
    timing: Timing,
) -> StreamError {
    let (reader, writer) = tokio::io::split(socket);
    tokio::select! {
        end = read(reader, framer, inlet, timing) => end,
        () = write(writer, outgoing, timing) => StreamError::Closed("it was closed here".to_owned()),
    }
}

/// Reads to the end: what the broker had sent before it closed is still there.
async fn read(
    mut socket: ReadHalf<Box<dyn Socket>>,
    mut framer: Framer,
    inlet: &Inlet,
    timing: Timing,
) -> StreamError {
    loop {
        if let Err(end) = pass_on(&mut framer, inlet).await {
            return end;
        }
        // From here, not from the last byte: while the mailbox was full, nobody listened.
        let deadline = Instant::now() + timing.silence();
        match timeout_at(deadline, framer.fill(&mut socket)).await {
            Ok(Ok(())) => {}
            Ok(Err(end)) => return end,
            Err(_) => return StreamError::Silent,
        }
    }
}

/// Puts what was received whole into the mailbox. What came before an error is put there, too.
async fn pass_on(framer: &mut Framer, inlet: &Inlet) -> Result<(), StreamError> {
    loop {
        let mut batch = Vec::new();
        let taken = take(framer, &mut batch);
        if !batch.is_empty() {
            inlet.put(batch).await;
        }
        if !taken? {
            return Ok(());
        }
    }
}

/// Whether there may be more.
fn take(framer: &mut Framer, batch: &mut Vec<Message>) -> Result<bool, StreamError> {
    while batch.len() < BATCH {
        match framer.next()? {
            Some(Packet::Publish(publish)) => batch.push(message(publish)?),
            // A second answer, where it was asked for twice or came behind many messages.
            Some(Packet::SubAck(answer)) => login::granted(&answer)?,
            Some(Packet::PingResp) => {}
            Some(other) => {
                let what = format!("a {:?} in the middle of a session", other.packet_type());
                return Err(StreamError::Protocol(what));
            }
            None => return Ok(false),
        }
    }
    Ok(true)
}

/// Sends what there is to send, and a ping every keep-alive, until nobody can send more. Errors are not told: what
/// was received before can still be read, and reading finds out that it is over.
async fn write(mut socket: WriteHalf<Box<dyn Socket>>, mut outgoing: mpsc::Receiver<Bytes>, timing: Timing) {
    let mut ping = interval_at(Instant::now() + timing.keep_alive, timing.keep_alive);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let bytes = tokio::select! {
            bytes = outgoing.recv() => match bytes {
                Some(bytes) => bytes,
                None => break,
            },
            _ = ping.tick() => pinged(),
        };
        let sent = timeout(timing.silence(), async {
            socket.write_all(&bytes).await?;
            socket.flush().await
        });
        if let Ok(Ok(())) = sent.await {
            continue;
        }
        tracing::debug!("the broker takes nothing more; what it has sent is read to the end");
        while outgoing.recv().await.is_some() {}
        return;
    }
    // Closed by us, so it does not matter whether the other side still hears it.
    let _ = timeout(timing.patience, socket.shutdown()).await;
}

fn pinged() -> Bytes {
    let mut bytes = BytesMut::new();
    // Writes two bytes and has no error.
    let _ = PingReq.write(&mut bytes);
    bytes.freeze()
}

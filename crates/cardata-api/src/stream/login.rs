//! The beginning of a session: who we are and what we want, in one write, and the two answers.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Packet, SubAck, Subscribe, SubscribeReasonCode};
use secrecy::ExposeSecret;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::framing::{Framer, message};
use super::mailbox::{is_full, size};
use super::session::Timing;
use super::socket::{Socket, told};
use super::{Message, StreamError, StreamLogin};

/// Nothing else is numbered by us.
const SUBSCRIPTION: u16 = 1;

/// A login that was granted.
pub(crate) struct Granted {
    pub(crate) framer: Framer,
    /// Messages that came before the answer to the subscription, as they do where the broker kept a session.
    pub(crate) early: Vec<Message>,
    /// Why nothing comes after them.
    pub(crate) end: Option<StreamError>,
}

/// Logs in and subscribes.
///
/// Both leave in one write, so that no message can come between the end of an older session and the subscription of
/// this one; unless the login is `plain`, which begins a clean session and waits for its answer. A broker that drops what
/// precedes its answer to the login is asked for the subscription once more.
pub(crate) async fn log_in(
    socket: &mut Box<dyn Socket>,
    address: &str,
    timing: Timing,
    (login, plain): (&StreamLogin, bool),
) -> Result<Granted, StreamError> {
    let subscription = subscription(&login.gcid)?;
    let mut conversation = Conversation {
        socket,
        address,
        patience: timing.patience,
        framer: Framer::default(),
    };
    let connection = connection(login, plain, timing.keep_alive)?;
    if plain {
        conversation.say(&connection).await?;
        conversation.logged_in().await?;
        conversation.say(&subscription).await?;
    } else {
        let greeting = [connection, subscription.clone()].concat();
        conversation.say(&greeting).await?;
        conversation.logged_in().await?;
    }
    let mut early = Vec::new();
    match conversation.subscribed(&subscription, &mut early).await {
        Err(end) if early.is_empty() => Err(end),
        granted => Ok(Granted {
            framer: conversation.framer,
            early,
            end: granted.err(),
        }),
    }
}

/// What the answer to the subscription says.
pub(crate) fn granted(answer: &SubAck) -> Result<(), StreamError> {
    match answer.return_codes.first() {
        Some(SubscribeReasonCode::Success(_)) => Ok(()),
        _ => Err(StreamError::NoSubscription),
    }
}

struct Conversation<'a> {
    socket: &'a mut Box<dyn Socket>,
    address: &'a str,
    patience: Duration,
    framer: Framer,
}

impl Conversation<'_> {
    async fn say(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        let said = timeout(self.patience, async {
            self.socket.write_all(bytes).await?;
            self.socket.flush().await
        });
        match said.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.unreachable(told(&error))),
            Err(_) => Err(self.unreachable(format!("it took no login within {:?}", self.patience))),
        }
    }

    async fn logged_in(&mut self) -> Result<(), StreamError> {
        let code = match self.packet(Instant::now() + self.patience).await {
            Ok(Some(Packet::ConnAck(answer))) => answer.code,
            Ok(Some(_)) => {
                let what = "something else came before the answer to the login";
                return Err(StreamError::Protocol(what.to_owned()));
            }
            Ok(None) => {
                let reason = format!("it did not answer the login within {:?}", self.patience);
                return Err(self.unreachable(reason));
            }
            Err(StreamError::Closed(reason)) => {
                return Err(self.unreachable(format!("no answer to the login: {reason}")));
            }
            Err(error) => return Err(error),
        };
        match code {
            ConnectReturnCode::Success => Ok(()),
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
                Err(StreamError::Refused { code: code as u8 })
            }
            code => Err(StreamError::Unavailable { code: code as u8 }),
        }
    }

    /// Ends, too, when as many messages came as may wait: then there is a subscription, and the answer comes behind.
    async fn subscribed(&mut self, subscription: &[u8], early: &mut Vec<Message>) -> Result<(), StreamError> {
        let end = Instant::now() + self.patience;
        let mut deadline = Instant::now() + self.patience / 4;
        let mut bytes = 0;
        while !is_full(early.len(), bytes) {
            match self.packet(deadline).await? {
                Some(Packet::SubAck(answer)) => return granted(&answer),
                Some(Packet::Publish(publish)) => {
                    let message = message(publish)?;
                    bytes += size(&message);
                    early.push(message);
                }
                Some(_) => {}
                None if deadline < end => {
                    tracing::debug!("the broker did not answer the subscription, it is sent once more");
                    self.say(subscription).await?;
                    deadline = end;
                }
                None => {
                    let reason = format!("it did not answer the subscription within {:?}", self.patience);
                    return Err(self.unreachable(reason));
                }
            }
        }
        Ok(())
    }

    /// The next packet; nothing when it has not come by then.
    async fn packet(&mut self, deadline: Instant) -> Result<Option<Packet>, StreamError> {
        loop {
            if let Some(packet) = self.framer.next()? {
                return Ok(Some(packet));
            }
            match timeout_at(deadline, self.framer.fill(self.socket)).await {
                Ok(filled) => filled?,
                Err(_) => return Ok(None),
            }
        }
    }

    fn unreachable(&self, reason: String) -> StreamError {
        StreamError::Unreachable {
            address: self.address.to_owned(),
            reason,
            connected: true,
        }
    }
}

/// Unless it is clean, the session is kept where the broker can: what comes while we are away is sent when we are back.
fn connection(login: &StreamLogin, clean: bool, keep_alive: Duration) -> Result<Bytes, StreamError> {
    let mut connect = Connect::new(login.client_id.as_str());
    connect.clean_session = clean;
    connect.keep_alive = u16::try_from(keep_alive.as_secs().max(1)).unwrap_or(u16::MAX);
    let password = Bytes::copy_from_slice(login.id_token.expose_secret().as_bytes());
    connect.set_credentials(login.gcid.as_str(), password);
    encoded(&Packet::Connect(connect))
}

fn subscription(gcid: &str) -> Result<Bytes, StreamError> {
    if gcid.is_empty() || gcid.contains(['+', '#', '/', '\0']) {
        return Err(StreamError::Login("its GCID cannot stand in a topic".to_owned()));
    }
    let mut subscribe = Subscribe::new(format!("{gcid}/+"), QoS::AtLeastOnce);
    subscribe.pkid = SUBSCRIPTION;
    encoded(&Packet::Subscribe(subscribe))
}

fn encoded(packet: &Packet) -> Result<Bytes, StreamError> {
    let mut bytes = BytesMut::new();
    let written = packet.write(&mut bytes, usize::MAX);
    // Longer than 65,535 bytes, a NUL in a name, or no client id.
    written.map_err(|error| StreamError::Login(error.to_string().to_lowercase()))?;
    Ok(bytes.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gcid_is_one_level_of_a_topic() {
        assert!(subscription("0a1b-22").is_ok());
        for gcid in ["", "+", "#", "a/b", "a+", "a\0"] {
            let error = subscription(gcid).unwrap_err();
            assert!(matches!(error, StreamError::Login { .. }), "{gcid:?}");
        }
    }

    #[test]
    fn what_cannot_be_written_is_told_without_the_token() {
        let login = StreamLogin {
            gcid: "gcid".to_owned(),
            id_token: "secret".repeat(20_000).into(),
            client_id: "client".to_owned(),
        };
        let error = connection(&login, false, Duration::from_secs(30)).unwrap_err();
        assert!(matches!(error, StreamError::Login { .. }));
        assert!(!error.to_string().contains("secret"));
    }
}

//! From bytes to packets, with a bound on both.

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use rumqttc::mqttbytes::{Error, FixedHeader, PacketType, QoS};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::socket::told;
use super::{Message, StreamError};

/// What is kept of a packet, without its header. Ten thousand descriptors, more than are ever read, need a third.
pub(crate) const LONGEST: usize = 4 << 20;
/// Room for one read.
const CHUNK: usize = 32 << 10;
/// Below this, a read gets a new chunk. Much less than a chunk: a message that waits keeps all of its chunk.
const LEAST_ROOM: usize = 4 << 10;
/// The first byte of a packet and the length of [`LONGEST`] and more.
const HEADER: usize = 5;

/// Takes packets out of what was received.
#[derive(Default)]
pub(crate) struct Framer {
    received: BytesMut,
    /// How many of the bytes that come next are the end of a packet that was too long.
    skipped: usize,
}

impl Framer {
    /// Waits for more bytes; their end is an error. Loses none when it is dropped.
    pub(crate) async fn fill(&mut self, socket: &mut (impl AsyncRead + Unpin)) -> Result<(), StreamError> {
        if self.received.capacity() - self.received.len() < LEAST_ROOM {
            self.received.reserve(CHUNK);
        }
        match socket.read_buf(&mut self.received).await {
            Ok(0) => Err(StreamError::Closed("the broker closed it".to_owned())),
            Ok(_) => Ok(()),
            Err(error) => Err(StreamError::Closed(told(&error))),
        }
    }

    /// The next packet, if all of it is here. Of a message that is too long, it is the beginning: with an error in
    /// its place, a broker that sends again what was not acknowledged would end every connection.
    pub(crate) fn next(&mut self) -> Result<Option<Packet>, StreamError> {
        let skipped = self.skipped.min(self.received.len());
        drop(self.received.split_to(skipped));
        self.skipped -= skipped;
        match Packet::read(&mut self.received, LONGEST) {
            Ok(packet) => Ok(Some(packet)),
            Err(Error::InsufficientBytes(_)) => Ok(None),
            Err(Error::PayloadSizeLimitExceeded(length)) => self.beginning(length),
            // 3.1.1 reserves the other codes; later versions of MQTT use them.
            Err(Error::InvalidConnectReturnCode(code)) => Err(StreamError::Unavailable { code }),
            Err(error) => Err(violation(&error)),
        }
    }

    fn beginning(&mut self, length: usize) -> Result<Option<Packet>, StreamError> {
        if self.received.len() < HEADER + LONGEST {
            return Ok(None);
        }
        let kept = self.received.split_to(HEADER + LONGEST).freeze();
        let header = FixedHeader::new(kept[0], HEADER - 1, length);
        if !matches!(header.packet_type(), Ok(PacketType::Publish)) {
            let what = format!("a packet of {length} bytes that is no message");
            return Err(StreamError::Protocol(what));
        }
        self.skipped = length - LONGEST;
        tracing::error!(
            bytes = length,
            kept = LONGEST,
            "a message is too long, its end is lost"
        );
        let publish = Publish::read(header, kept).map_err(|error| violation(&error))?;
        Ok(Some(Packet::Publish(publish)))
    }
}

/// The library's words are its own and hold nothing of the packet but numbers.
fn violation(error: &Error) -> StreamError {
    StreamError::Protocol(error.to_string().to_lowercase())
}

/// A message as the trait has it. Nothing above QoS 1 was asked for, so a broker may not send it.
pub(crate) fn message(publish: Publish) -> Result<Message, StreamError> {
    let violation = |what: &str| StreamError::Protocol(what.to_owned());
    let id = match publish.qos {
        QoS::AtMostOnce => None,
        QoS::AtLeastOnce => Some(publish.pkid),
        QoS::ExactlyOnce => return Err(violation("a message with QoS 2, though at most 1 was asked for")),
    };
    let topic = String::from_utf8(publish.topic.into());
    Ok(Message {
        topic: topic.map_err(|_| violation("a topic that is no text"))?,
        payload: publish.payload,
        id,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Everything that comes out of these bytes, given one piece at a time.
    fn packets(bytes: &[u8], piece: usize) -> Result<Vec<Packet>, StreamError> {
        let mut framer = Framer::default();
        let mut packets = Vec::new();
        for piece in bytes.chunks(piece) {
            framer.received.extend_from_slice(piece);
            while let Some(packet) = framer.next()? {
                packets.push(packet);
            }
        }
        Ok(packets)
    }

    fn publish(payload: Vec<u8>) -> Publish {
        let mut publish = Publish::new("g/v", QoS::AtLeastOnce, payload);
        publish.pkid = 7;
        publish
    }

    fn written(packets: &[Packet]) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.write(&mut bytes, usize::MAX).unwrap();
        }
        bytes.to_vec()
    }

    #[test]
    fn packets_may_come_in_pieces_of_any_size() {
        let sent = [
            Packet::PingResp,
            Packet::Publish(publish(b"one".to_vec())),
            Packet::Publish(publish(vec![1; 300])),
        ];
        let bytes = written(&sent);
        for piece in [1, 2, 7, bytes.len()] {
            assert_eq!(packets(&bytes, piece).unwrap(), sent, "{piece}");
        }
    }

    #[test]
    fn of_a_message_that_is_too_long_the_beginning_is_kept_and_the_next_one_is_whole() {
        let long = publish(vec![b'x'; LONGEST + 1_000_000]);
        let short = Packet::Publish(publish(b"short".to_vec()));
        let bytes = written(&[Packet::Publish(long), short.clone()]);
        for piece in [10_007, bytes.len()] {
            let packets = packets(&bytes, piece).unwrap();
            let [Packet::Publish(cut), last] = &packets[..] else {
                panic!("two packets, not {}", packets.len())
            };
            let head = 2 + "g/v".len() + 2;
            assert_eq!((&cut.topic[..], cut.pkid), (&b"g/v"[..], 7));
            assert_eq!(cut.payload, Bytes::from(vec![b'x'; LONGEST - head]));
            assert_eq!(*last, short);
        }
    }

    #[test]
    fn what_is_kept_of_a_message_that_is_too_long_says_so() {
        for quality in [QoS::AtMostOnce, QoS::AtLeastOnce] {
            let mut long = publish(vec![b'{'; LONGEST + 1]);
            long.qos = quality;
            let packets = packets(&written(&[Packet::Publish(long)]), 10_007).unwrap();
            let [Packet::Publish(cut)] = &packets[..] else {
                panic!("one packet, not {}", packets.len())
            };
            let kept = message(cut.clone()).unwrap();
            let error = super::super::parse(&kept, "g").unwrap_err();
            assert_eq!(error.to_string(), "it is longer than 4 MiB, and its end is lost");
        }
    }

    #[test]
    fn what_is_no_packet_is_an_error() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"[..],
            &[0xf0, 0],
            &[0x30, 0xff, 0xff, 0xff, 0xff],
            &[0x32, 4, 0, 1, b'g', 0],
            &[0x32, 5, 0, 1, b'g', 0, 0],
            &[0x30, 3, 0, 1, 0xff],
        ] {
            let error = packets(bytes, bytes.len()).unwrap_err();
            assert!(matches!(error, StreamError::Protocol { .. }), "{error}");
        }
    }

    #[test]
    fn quality_2_was_not_asked_for() {
        let mut twice = publish(Vec::new());
        twice.qos = QoS::ExactlyOnce;
        assert!(matches!(message(twice), Err(StreamError::Protocol { .. })));
        let kept = message(publish(b"{}".to_vec())).unwrap();
        assert_eq!((kept.topic.as_str(), kept.id), ("g/v", Some(7)));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, piece in 1_usize..40) {
            let _ = packets(&bytes, piece);
        }
    }
}

//! A proxy in front of the simulator that answers some requests with junk, written by hand.

use std::cell::RefCell;
use std::io::Write as _;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::TcpStream;

use crate::local_server::{LocalServer, read_request};

/// An answer that no server should give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Junk {
    /// A text of 100 MB where values are expected.
    Huge,
    /// 100 MB in chunks, without a length before them.
    HugeChunks,
    /// The body comes a byte a second.
    Drip,
    /// The head comes a byte a second.
    DripHead,
    /// 100,000 arrays in each other that are never closed.
    Nested,
    /// JSON that is sound and 100,000 levels deep.
    NestedWhole,
    /// 32 kB that unpack to 2 GB.
    GzipBomb,
    /// A million members.
    MillionKeys,
    NotUtf8,
    /// A length that is more than what comes.
    LengthTooLong,
    /// A length that is less than what comes.
    LengthTooShort,
    /// Numbers that no computer holds, and words for numbers that are none.
    Numbers,
    /// Sound JSON of other types than expected.
    WrongTypes,
    /// Bytes that are no HTTP.
    NotHttp,
    /// A head of 10 MB.
    LongHead,
}

impl Junk {
    pub const ALL: [Self; 15] = [
        Self::Huge,
        Self::HugeChunks,
        Self::Drip,
        Self::DripHead,
        Self::Nested,
        Self::NestedWhole,
        Self::GzipBomb,
        Self::MillionKeys,
        Self::NotUtf8,
        Self::LengthTooLong,
        Self::LengthTooShort,
        Self::Numbers,
        Self::WrongTypes,
        Self::NotHttp,
        Self::LongHead,
    ];

    /// As the report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Huge => "100 MB",
            Self::HugeChunks => "100 MB in chunks",
            Self::Drip => "a byte a second",
            Self::DripHead => "a head of a byte a second",
            Self::Nested => "nested garbage",
            Self::NestedWhole => "100,000 levels",
            Self::GzipBomb => "gzip bomb",
            Self::MillionKeys => "a million keys",
            Self::NotUtf8 => "not UTF-8",
            Self::LengthTooLong => "length too long",
            Self::LengthTooShort => "length too short",
            Self::Numbers => "impossible numbers",
            Self::WrongTypes => "wrong types",
            Self::NotHttp => "no HTTP",
            Self::LongHead => "a head of 10 MB",
        }
    }

    /// Whether it lasts until a time-out of the client.
    pub fn takes_its_time(self) -> bool {
        matches!(self, Self::Drip | Self::DripHead)
    }

    async fn write(self, stream: &mut TcpStream) -> std::io::Result<()> {
        match self {
            Self::Huge => {
                head(stream, &format!("content-length: {}\r\n", 100 << 20)).await?;
                stream
                    .write_all(br#"{"telematicData":{"drill.huge":{"value":""#)
                    .await?;
                pour(stream, 100, false).await
            }
            Self::HugeChunks => {
                head(stream, "transfer-encoding: chunked\r\n").await?;
                pour(stream, 100, true).await
            }
            Self::Drip => {
                head(stream, "content-length: 100000\r\n").await?;
                drip(stream, &[b' '; 100_000]).await
            }
            Self::DripHead => drip(stream, b"HTTP/1.1 200 OK\r\nx-padding: ".repeat(100).as_slice()).await,
            Self::Nested => whole(stream, &"[".repeat(100_000).into_bytes()).await,
            Self::NestedWhole => {
                let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
                let body = format!(
                    r#"{{"access_token":{open}{close},"telematicData":{{"drill.deep":{{"value":{open}{close},"unit":null,"timestamp":null}}}}}}"#
                );
                whole(stream, body.as_bytes()).await
            }
            Self::GzipBomb => {
                head(stream, "content-encoding: gzip\r\n").await?;
                let member = packed_blanks();
                for _ in 0..32 {
                    stream.write_all(&member).await?;
                }
                Ok(())
            }
            Self::MillionKeys => {
                let keys: Vec<_> = (0..1_000_000)
                    .map(|key| format!("\"drill.k{key}\":{{}}"))
                    .collect();
                whole(
                    stream,
                    format!(r#"{{"telematicData":{{{}}}}}"#, keys.join(",")).as_bytes(),
                )
                .await
            }
            Self::NotUtf8 => {
                whole(
                    stream,
                    b"{\"telematicData\":{\"drill.text\":{\"value\":\"\xff\xfe\xc3\x28\",\"unit\":null}}}",
                )
                .await
            }
            Self::LengthTooLong => {
                head(stream, "content-length: 5000\r\n").await?;
                stream.write_all(br#"{"telematicData":{}}"#).await
            }
            Self::LengthTooShort => {
                head(stream, "content-length: 12\r\n").await?;
                stream.write_all(br#"{"telematicData":{}}"#).await
            }
            Self::Numbers => whole(stream, numbers().as_bytes()).await,
            Self::WrongTypes => {
                let body = br#"{"access_token":5,"refresh_token":[],"expires_in":"soon","device_code":{},"containers":7,
                    "telematicData":[{"name":"drill.list"},null,3]}"#;
                whole(stream, body).await
            }
            Self::NotHttp => {
                stream
                    .write_all(&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(50))
                    .await
            }
            Self::LongHead => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
                for field in 0..10_000 {
                    let line = format!("x-padding-{field}: {}\r\n", "a".repeat(1_000));
                    stream.write_all(line.as_bytes()).await?;
                }
                stream.write_all(b"content-length: 2\r\n\r\n{}").await
            }
        }
    }
}

async fn head(stream: &mut TcpStream, fields: &str) -> std::io::Result<()> {
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).await
}

async fn whole(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    head(stream, &format!("content-length: {}\r\n", body.len())).await?;
    stream.write_all(body).await
}

async fn pour(stream: &mut TcpStream, megabytes: usize, chunked: bool) -> std::io::Result<()> {
    let text = vec![b'a'; 1 << 20];
    for _ in 0..megabytes {
        if chunked {
            stream.write_all(b"100000\r\n").await?;
        }
        stream.write_all(&text).await?;
        if chunked {
            stream.write_all(b"\r\n").await?;
        }
    }
    Ok(())
}

async fn drip(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

/// A member of a gzip file: 64 MB of blanks, which JSON allows before its first word.
fn packed_blanks() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..64 {
        encoder.write_all(&blanks).unwrap();
    }
    encoder.finish().unwrap()
}

fn numbers() -> String {
    let digits = "9".repeat(20_000);
    let values = [
        "1e999",
        "-1e999",
        "\"1e999\"",
        "\"NaN\"",
        "\"Infinity\"",
        "5e-400",
        &digits,
        "-0",
    ];
    let members = values.iter().enumerate().map(|(index, value)| {
        format!(
            r#""drill.number{index}":{{"value":{value},"unit":"km","timestamp":"2026-03-01T12:00:0{index}.000Z"}}"#
        )
    });
    let members = members.collect::<Vec<_>>().join(",");
    format!(r#"{{"expires_in":1e999,"interval":-1,"telematicData":{{{members}}}}}"#)
}

/// A running proxy. It lives on the thread that started it.
pub struct Meddler {
    order: Rc<RefCell<Order>>,
    pub server: LocalServer,
}

#[derive(Default)]
struct Order {
    next: Option<(String, Junk)>,
    served: usize,
}

impl Meddler {
    /// In front of an address such as `http://127.0.0.1:1234`.
    pub async fn start(url: &str) -> Self {
        let behind = url.trim_start_matches("http://").to_owned();
        let order = Rc::new(RefCell::new(Order::default()));
        let shared = order.clone();
        let server = LocalServer::start(move |stream| -> Pin<Box<dyn Future<Output = ()>>> {
            Box::pin(serve(stream, behind.clone(), shared.clone()))
        });
        Self {
            order,
            server: server.await,
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// The next request whose path contains this gets this junk.
    pub fn order(&self, path: &str, junk: Junk) {
        self.order.borrow_mut().next = Some((path.to_owned(), junk));
    }

    /// How many answers were junk so far.
    pub fn served(&self) -> usize {
        self.order.borrow().served
    }
}

/// One request a connection. A client that goes away ends it.
async fn serve(mut stream: TcpStream, behind: String, order: Rc<RefCell<Order>>) {
    let Some((head, body)) = read_request(&mut stream).await else {
        return;
    };
    let path = head.split(' ').nth(1).unwrap_or_default();
    let junk = {
        let mut order = order.borrow_mut();
        let taken = order.next.take_if(|(part, _)| path.contains(part.as_str()));
        order.served += usize::from(taken.is_some());
        taken
    };
    if let Some((_, junk)) = junk {
        // The client may have had enough before the end.
        let _ = junk.write(&mut stream).await;
        let _ = stream.shutdown().await;
        return;
    }
    let _ = forward(&mut stream, &behind, &head, &body).await;
}

async fn forward(stream: &mut TcpStream, behind: &str, head: &str, body: &[u8]) -> std::io::Result<()> {
    let mut bmw = TcpStream::connect(behind).await?;
    let head = head.trim_end().to_owned() + "\r\nconnection: close\r\n\r\n";
    bmw.write_all(head.as_bytes()).await?;
    bmw.write_all(body).await?;
    copy(&mut bmw, stream).await?;
    stream.shutdown().await
}

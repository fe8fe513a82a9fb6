//! What one client may take of the program.

use std::path::PathBuf;
use std::time::Duration;

use dashboard::door::Auth;
use dashboard::{Limits, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::site::{Page, Program};

const FAR: Duration = Duration::from_secs(600);

async fn limited(limits: Limits) -> Page {
    Page::with(
        Auth::Loopback,
        limits,
        PathBuf::from("none.db"),
        Program::default(),
    )
    .await
}

/// What comes until the program closes the connection.
async fn answer(page: &Page, sent: &str) -> String {
    let mut stream = TcpStream::connect(page.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // One that is reset has said what it had to say.
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test]
async fn who_is_slow_with_a_head_is_hung_up_on() {
    let head = Duration::from_millis(50);
    let page = limited(Limits {
        head,
        ..Limits::default()
    })
    .await;
    for sent in ["", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "] {
        let answer = answer(&page, sent).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn who_sends_too_much_is_refused() {
    let page = limited(Limits {
        head: FAR,
        ..Limits::default()
    })
    .await;
    let large = "x".repeat(20 << 10);
    let head = format!("GET / HTTP/1.1\r\nHost: {}\r\nX: {large}\r\n\r\n", page.address);
    let told = answer(&page, &head).await;
    assert!(told.starts_with("HTTP/1.1 431"), "{told}");
    let own = format!(
        "Host: {0}\r\nOrigin: http://{0}\r\nConnection: close",
        page.address
    );
    let body = format!("POST /events HTTP/1.1\r\n{own}\r\nContent-Length: 65537\r\n\r\n");
    let told = answer(&page, &body).await;
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
}

#[tokio::test]
async fn who_comes_when_all_seats_are_taken_waits_for_one() {
    let page = limited(Limits {
        connections: 1,
        head: FAR,
        ..Limits::default()
    })
    .await;
    let get = format!("GET /none HTTP/1.1\r\nHost: {}\r\n\r\n", page.address);
    let mut first = TcpStream::connect(page.address).await.unwrap();
    first.write_all(get.as_bytes()).await.unwrap();
    let mut byte = [0];
    first.read_exact(&mut byte).await.unwrap();
    let mut second = TcpStream::connect(page.address).await.unwrap();
    second.write_all(get.as_bytes()).await.unwrap();
    let nothing = tokio::time::timeout(Duration::from_millis(50), second.read_exact(&mut byte)).await;
    assert!(nothing.is_err());
    drop(first);
    second.read_exact(&mut byte).await.unwrap();
    assert_eq!(&byte, b"H");
}

#[tokio::test]
async fn an_address_in_use_is_named_with_what_to_do() {
    let page = Page::open().await;
    let error = Server::bind(page.address).await.unwrap_err().to_string();
    assert!(
        error.contains(&page.address.to_string()) && error.contains("dashboard.listen"),
        "{error}"
    );
}

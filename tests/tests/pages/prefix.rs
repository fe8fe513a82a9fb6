//! The page behind a reverse proxy that gives it a path of its own.

use tests::browser::{Browser, Look};
use tests::scene::stop;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::demo::{Demo, READY};

const PREFIX: &str = "/cars";
/// Every address that a page names beside its events, whole.
const NAMED: &str = "\
     const places = { a: 'href', link: 'href', use: 'href', form: 'action', script: 'src', img: 'src' };\
     const all = Object.entries(places).flatMap(([tag, name]) =>\
       [...document.getElementsByTagName(tag)].map(one => one.getAttribute(name)));\
     const own = all.map(word => new URL(word, location.href));\
     return own.filter(url => url.origin === location.origin && !url.pathname.startsWith('/cars/')).map(String);";

/// Where the demo is behind the proxy: what is not below the prefix is not there.
async fn proxy(demo: &Demo) -> String {
    let to = demo
        .url("")
        .replace("http://", "")
        .trim_end_matches('/')
        .to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{PREFIX}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let to = to.clone();
            tokio::spawn(async move { pass(stream, &to).await });
        }
    });
    url
}

/// One request of a connection, with its path cut.
async fn pass(stream: TcpStream, to: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let (request, headers) = head.split_once("\r\n").unwrap();
    let Some((method, path)) = request.split_once(&format!(" {PREFIX}/")) else {
        return stream
            .write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            .await;
    };
    let headers = headers.replace("keep-alive", "close");
    let mut server = TcpStream::connect(to).await?;
    server
        .write_all(format!("{method} /{path}\r\n{headers}").as_bytes())
        .await?;
    copy_bidirectional(&mut stream, &mut server).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_works_behind_a_path_prefix() {
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    // The owner names the proxy's host.
    let named = |text: String| text.replace("dashboard:\n", "dashboard:\n  hosts: [127.0.0.1]\n");
    let demo = Demo::with(named).await;
    let root = proxy(&demo).await;
    browser.goto(&root).await;
    let url = browser.url().await;
    assert!(
        url.starts_with(&format!("{root}v/")) && url.ends_with("/now"),
        "{url}"
    );
    for page in demo.pages().await {
        browser.goto(&format!("{root}{}", page.path)).await;
        browser.until("page", READY).await;
        browser
            .until("events", "document.querySelector('[data-connection=on]')")
            .await;
        let outside = browser.script(NAMED).await;
        assert_eq!(outside, serde_json::json!([]), "{}", page.name);
        let mut complaints = browser.complaints().await;
        // Of the page that is not there the browser may complain a page later.
        complaints.retain(|line| !line.contains("/nothing - ") || !line.contains("a status of 404"));
        assert_eq!(complaints, Vec::<String>::new(), "{}", page.name);
    }

    browser.goto(&format!("{root}v/vfp12345/battery")).await;
    browser.until("chart", READY).await;
    browser.click("#chart-level [data-zoom=in]").await;
    let fetched = format!(
        "performance.getEntriesByType('resource').some(one => one.responseStatus === 200 && one.name.startsWith('{root}v/vfp12345/series.json'))"
    );
    browser.until("finer points", &fetched).await;

    browser.click(".pages a[href$=now]").await;
    browser.click("form button").await;
    browser
        .until("answer", "document.querySelector('.notice.good')")
        .await;
    let url = browser.url().await;
    assert_eq!(url, format!("{root}v/vfp12345/now?poll=asked"));
    stop(demo.run).await;
}

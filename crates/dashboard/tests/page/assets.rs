//! Files: packed as the client takes them, and brought only when they are others.

use std::io::Read as _;

use dashboard::assets::version;
use reqwest::StatusCode;

use super::site::{Page, SCRIPT};

#[tokio::test]
async fn a_file_comes_packed_as_the_client_takes_it() {
    let page = Page::open().await;
    let get = async |accepts: &str| {
        let answer = page
            .get("assets/app.js")
            .header("accept-encoding", accepts)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let head = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(head("content-type").unwrap(), "text/javascript; charset=utf-8");
        assert_eq!(head("vary").unwrap(), "accept-encoding");
        assert_eq!(head("cache-control").unwrap(), "no-cache");
        let (coding, tag) = (head("content-encoding"), head("etag").unwrap());
        (coding, tag, answer.bytes().await.unwrap())
    };
    let (coding, plain_tag, bytes) = get("identity").await;
    assert_eq!((coding, &bytes[..]), (None, SCRIPT.as_bytes()));
    let (coding, gzip_tag, bytes) = get("gzip, deflate").await;
    assert_eq!(coding.as_deref(), Some("gzip"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(&bytes[..])
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, SCRIPT);
    let (coding, brotli_tag, bytes) = get("gzip, deflate, br, zstd").await;
    assert_eq!(coding.as_deref(), Some("br"));
    let mut text = String::new();
    brotli::Decompressor::new(&bytes[..], 4096)
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, SCRIPT);
    assert!(plain_tag != gzip_tag && gzip_tag != brotli_tag && plain_tag != brotli_tag);
}

#[tokio::test]
async fn a_file_that_the_client_has_is_not_brought_again() {
    let page = Page::open().await;
    let version = version(SCRIPT.as_bytes());
    for (path, kept) in [
        ("assets/app.js".to_owned(), "no-cache"),
        ("assets/app.js?v=other".to_owned(), "no-cache"),
        (
            format!("assets/app.js?v={version}"),
            "public, max-age=31536000, immutable",
        ),
    ] {
        let answer = page.get(&path).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], kept, "{path}");
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = page
                .get(&path)
                .header("if-none-match", &known)
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(answer.headers()["etag"], tag.as_str());
            assert!(answer.bytes().await.unwrap().is_empty());
        }
        let answer = page
            .get(&path)
            .header("if-none-match", "\"x\"")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn what_is_not_there_is_said_so() {
    let page = Page::open().await;
    for path in [
        "assets/none.js",
        "assets/",
        "assets/../Cargo.toml",
        "none",
        "assets/pictures",
    ] {
        let answer = page.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }
    assert_eq!(
        page.get("assets/pictures/dot.svg").send().await.unwrap().status(),
        StatusCode::OK
    );
    let own = format!("http://{}", page.address);
    let answer = page
        .post("assets/app.js")
        .header("origin", own)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

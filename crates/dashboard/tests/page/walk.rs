//! A page that is walked through: every link is followed that leads on within it.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use url::Url;

use super::site::Page;

/// What an address answered.
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

/// Every address that is led to from these, with its answer. What asks for the position is not followed, nor are assets.
pub async fn walk(page: &Page, from: &[String]) -> BTreeMap<String, Answer> {
    let root = Url::parse(&format!("http://{}/", page.address)).unwrap();
    let mut left: Vec<Url> = from.iter().map(|path| root.join(path).unwrap()).collect();
    let mut met = BTreeMap::new();
    while let Some(mut address) = left.pop() {
        address.set_fragment(None);
        let is_other = ["position=shown", "/assets/"];
        let is_other = is_other.iter().any(|part| address.as_str().contains(part));
        let is_ours = address.origin() == root.origin() && !is_other;
        if !is_ours || met.contains_key(address.as_str()) {
            continue;
        }
        let answer = page.client.get(address.clone()).send().await.unwrap();
        let status = answer.status();
        let header = |name| {
            let value = answer.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        let kind = header("content-type").unwrap_or_default();
        left.extend(header("location").map(|to| address.join(&to).unwrap()));
        let text = answer.text().await.unwrap();
        if kind.starts_with("text/html") {
            left.extend(links(&text).iter().filter_map(|link| address.join(link).ok()));
        }
        met.insert(address.to_string(), Answer { status, text });
    }
    met
}

/// The links of a page, and what its charts ask for.
pub fn links(html: &str) -> Vec<String> {
    let of = |start: &str, end: &str| {
        let parts = html.split(start).skip(1).collect::<Vec<_>>();
        let found = parts.into_iter().filter_map(|part| part.split_once(end));
        found
            .map(|(link, _)| link.replace("&#38;", "&"))
            .collect::<Vec<_>>()
    };
    [of("href=\"", "\""), of("&#34;url&#34;:&#34;", "&#34;")].concat()
}

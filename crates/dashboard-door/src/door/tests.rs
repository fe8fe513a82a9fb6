//! Every rule of the door, as a table.

use axum::http::Request;

use super::*;

const TOKEN: &str = "hunter2hunter2hunter2";
const HERE: &str = "127.0.0.1:8720";

fn door(auth: Auth, hosts: &[&str]) -> Door {
    let address = HERE.parse().unwrap();
    Door::new(
        address,
        auth,
        hosts.iter().map(|host| (*host).to_owned()).collect(),
    )
}

fn token() -> Auth {
    Auth::Token(Secret::new(TOKEN))
}

fn asked(door: &Door, peer: &str, line: &str, headers: &[(&str, &str)]) -> Result<Way, Refusal> {
    let (method, uri) = line.split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).unwrap().into_parts();
    door.judge(&parts, peer.parse().unwrap())
}

fn with_host(auth: Auth, hosts: &[&str], host: &str) -> bool {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("host", host), ("authorization", bearer.as_str())];
    match asked(&door(auth, hosts), "127.0.0.1", "GET /x", &headers) {
        Ok(way) => way == Way::In,
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Host, "{host}");
            false
        }
    }
}

#[test]
fn a_page_answers_to_its_own_names_alone() {
    for host in [
        "127.0.0.1:8720",
        "localhost:8720",
        "LOCALHOST:8720",
        "[::1]:8720",
        "127.0.0.2:8720",
    ] {
        assert!(with_host(Auth::Loopback, &[], host), "{host}");
        assert!(with_host(token(), &[], host), "{host}");
    }
    for host in [
        "evil.example:8720",
        "localhost.evil.example:8720",
        "localhost",
        "localhost:8721",
        "127.0.0.1:80",
        "127.0.0.1:99999",
        "192.168.1.2:8720",
        "127.0.0.1.evil.example:8720",
        "localhost:8720:8720",
        "",
    ] {
        assert!(!with_host(Auth::Loopback, &[], host), "{host}");
    }
}

#[test]
fn an_address_is_no_name_that_leads_elsewhere_where_a_token_is_asked_for() {
    for host in ["192.168.1.2:8720", "192.168.1.2", "[fd00::2]:9000"] {
        assert!(with_host(token(), &[], host), "{host}");
    }
    assert!(!with_host(token(), &[], "cars.example.org"));
}

#[test]
fn hosts_of_the_owner_are_known_with_any_port_or_with_theirs() {
    let hosts = ["cars.example.org", "nas:9000"];
    for host in ["cars.example.org", "Cars.Example.org:443", "nas:9000"] {
        assert!(with_host(Auth::Loopback, &hosts, host), "{host}");
    }
    for host in ["nas", "nas:8720", "example.org", "x.cars.example.org"] {
        assert!(!with_host(Auth::Loopback, &hosts, host), "{host}");
    }
}

#[test]
fn a_request_names_one_host() {
    let door = door(Auth::Loopback, &[]);
    let ask = |line: &str, headers: &[(&str, &str)]| asked(&door, "127.0.0.1", line, headers);
    assert_eq!(ask("GET /", &[]), Err(Refusal::Host));
    assert_eq!(
        ask("GET /", &[("host", HERE), ("host", "evil.example")]),
        Err(Refusal::Host)
    );
    assert_eq!(
        ask("GET http://evil.example/", &[("host", HERE)]),
        Err(Refusal::Host)
    );
    assert_eq!(ask("GET http://127.0.0.1:8720/", &[("host", HERE)]), Ok(Way::In));
}

#[test]
fn what_changes_something_comes_from_this_page_or_from_a_program() {
    let door = door(Auth::Loopback, &["cars.example.org"]);
    let from = |host: &str, headers: &[(&str, &str)]| {
        let all: Vec<_> = [("host", host)]
            .into_iter()
            .chain(headers.iter().copied())
            .collect();
        asked(&door, "127.0.0.1", "POST /x", &all)
    };
    let (origin, site, auth) = ("origin", "sec-fetch-site", "authorization");
    let own = "http://127.0.0.1:8720";
    for headers in [
        &[(origin, own), (site, "same-origin")][..],
        &[(origin, own), (site, "none")],
        &[(origin, own)],
        &[(auth, "Bearer x")],
        &[(auth, "bearer x"), (site, "none")],
    ] {
        assert_eq!(from(HERE, headers), Ok(Way::In), "{headers:?}");
    }
    for headers in [
        &[][..],
        &[(site, "same-origin")],
        &[(origin, own), (site, "cross-site")],
        &[(origin, own), (site, "same-site")],
        &[(origin, own), (site, "é")],
        &[(origin, "http://evil.example")],
        &[(origin, "http://127.0.0.1:8721"), (site, "same-origin")],
        &[(origin, "http://127.0.0.1")],
        &[(origin, "http://127.0.0.1:8720.evil.example")],
        &[(origin, "null")],
        &[(origin, "")],
        &[(origin, "file://127.0.0.1:8720")],
        &[(origin, "http://evil.example"), (auth, "Bearer x")],
        &[(auth, "Bearer x"), (site, "cross-site")],
        &[(auth, "Basic x")],
    ] {
        assert_eq!(from(HERE, headers), Err(Refusal::OtherPage), "{headers:?}");
    }
    // A proxy does TLS: the browser's ports are those of its own scheme.
    let outside = [(origin, "https://cars.example.org"), (site, "same-origin")];
    assert_eq!(from("cars.example.org", &outside), Ok(Way::In));
    assert_eq!(from("cars.example.org:443", &outside), Ok(Way::In));
    assert_eq!(from("cars.example.org:80", &outside), Err(Refusal::OtherPage));
}

#[test]
fn every_method_but_those_that_only_read_is_asked_where_it_comes_from() {
    let door = door(Auth::Loopback, &[]);
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "X",
    ] {
        let way = asked(&door, "127.0.0.1", &format!("{method} /x"), &[("host", HERE)]);
        assert_eq!(way, Err(Refusal::OtherPage), "{method}");
    }
    for method in ["GET", "HEAD"] {
        let way = asked(&door, "127.0.0.1", &format!("{method} /x"), &[("host", HERE)]);
        assert_eq!(way, Ok(Way::In), "{method}");
    }
}

/// The cookie that the door gives for the token in this URL, and where it leads.
fn given(door: &Door, line: &str) -> (String, String) {
    match asked(door, "192.168.1.9", line, &[("host", "192.168.1.2:8720")]) {
        Ok(Way::Again { location, cookie }) => (location, cookie),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_in_the_url_becomes_a_cookie_and_leaves_the_url() {
    let door = door(token(), &[]);
    for (asked, location) in [
        ("/?token=T", "./"),
        ("/v/my%20car/now?token=T", "./now"),
        ("/v/x/trips?from=a%26b&token=T&to=2", "./trips?from=a%26b&to=2"),
        ("/v/?token=T", "./"),
        ("//evil.example?token=T", "./evil.example"),
        ("/a:b?token=T&token=wrong", "./a:b"),
    ] {
        let line = format!("GET {}", asked.replace("=T", &format!("={TOKEN}")));
        let (to, cookie) = given(&door, &line);
        assert_eq!(to, location);
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains("hunter2"), "{cookie}");
    }
}

#[test]
fn who_has_the_token_is_let_in_and_nobody_else() {
    let door = door(token(), &[]);
    let (_, set) = given(&door, &format!("GET /?token={TOKEN}"));
    let cookie = set.split(';').next().unwrap();
    let host = ("host", "192.168.1.2:8720");
    let right = format!("Bearer {TOKEN}");
    let others = format!("a=b; {cookie}; c=d");
    let padded = format!("Bearer {TOKEN}x");
    let raw = format!("cardata-8720={TOKEN}");
    let refused = || {
        Err(Refusal::Token {
            is_from_elsewhere: false,
        })
    };
    for (headers, expected) in [
        (&[host, ("cookie", cookie)][..], Ok(Way::In)),
        (&[host, ("cookie", others.as_str())], Ok(Way::In)),
        (&[host, ("authorization", right.as_str())], Ok(Way::In)),
        (&[host], refused()),
        (&[host, ("authorization", padded.as_str())], refused()),
        (&[host, ("authorization", "Bearer")], refused()),
        (
            &[host, ("authorization", "Bearer "), ("cookie", cookie)],
            refused(),
        ),
        (&[host, ("cookie", "cardata-8720=")], refused()),
        (&[host, ("cookie", raw.as_str())], refused()),
        (
            &[host, ("sec-fetch-site", "cross-site")],
            Err(Refusal::Token {
                is_from_elsewhere: true,
            }),
        ),
    ] {
        assert_eq!(
            asked(&door, "192.168.1.9", "GET /x", headers),
            expected,
            "{headers:?}"
        );
    }
    for line in [
        "GET /?token=",
        "GET /?token=wrong",
        "GET /?Token=hunter2hunter2hunter2",
    ] {
        assert_eq!(asked(&door, "192.168.1.9", line, &[host]), refused(), "{line}");
    }
    let post = format!("POST /x?token={TOKEN}");
    let own = ("origin", "http://192.168.1.2:8720");
    assert_eq!(asked(&door, "192.168.1.9", &post, &[host, own]), refused());
    assert_eq!(
        asked(&door, "192.168.1.9", "POST /x", &[host, own, ("cookie", cookie)]),
        Ok(Way::In)
    );
    assert_eq!(
        asked(&door, "192.168.1.9", "POST /x", &[host, ("cookie", cookie)]),
        Err(Refusal::OtherPage)
    );
}

#[test]
fn the_cookie_of_another_page_on_this_host_does_not_stand_in_the_way() {
    let other = Door::new("0.0.0.0:9".parse().unwrap(), token(), Vec::new());
    let (_, set) = given(&other, &format!("GET /?token={TOKEN}"));
    let headers = [
        ("host", "192.168.1.2:8720"),
        ("cookie", set.split(';').next().unwrap()),
    ];
    assert!(asked(&door(token(), &[]), "192.168.1.9", "GET /x", &headers).is_err());
}

#[test]
fn whether_it_is_alive_is_told_without_a_token() {
    let door = door(token(), &[]);
    for path in OPEN {
        let line = format!("GET {path}");
        assert_eq!(asked(&door, "10.0.0.1", &line, &[("host", HERE)]), Ok(Way::In));
        assert_eq!(
            asked(&door, "10.0.0.1", &line, &[("host", "evil.example")]),
            Err(Refusal::Host)
        );
    }
    assert!(asked(&door, "10.0.0.1", "GET /health/", &[("host", HERE)]).is_err());
    assert!(asked(&door, "10.0.0.1", "GET /metrics", &[("host", HERE)]).is_err());
}

#[test]
fn home_assistant_is_believed_at_its_own_address_alone() {
    let door = door(Auth::Ingress, &[]);
    let ask = |peer: &str, line: &str, headers: &[(&str, &str)]| {
        let all: Vec<_> = [("host", "ha.example:8123")]
            .into_iter()
            .chain(headers.iter().copied())
            .collect();
        asked(&door, peer, line, &all)
    };
    let path = ("x-ingress-path", "/api/hassio_ingress/abc");
    for peer in ["172.30.32.2", "::ffff:172.30.32.2"] {
        assert_eq!(ask(peer, "GET /x", &[path]), Ok(Way::In), "{peer}");
    }
    for peer in ["172.30.32.1", "172.30.33.2", "127.0.0.1", "192.168.1.2", "::1"] {
        assert_eq!(
            ask(peer, "GET /x", &[path]),
            Err(Refusal::NotHomeAssistant),
            "{peer}"
        );
    }
    assert_eq!(ask("172.30.32.2", "GET /x", &[]), Err(Refusal::NotHomeAssistant));
    let own = ("origin", "http://ha.example:8123");
    assert_eq!(ask("172.30.32.2", "POST /x", &[path, own]), Ok(Way::In));
    let other = ("origin", "http://evil.example");
    assert_eq!(
        ask("172.30.32.2", "POST /x", &[path, other]),
        Err(Refusal::OtherPage)
    );
    assert_eq!(ask("127.0.0.1", "GET /health", &[]), Ok(Way::In));
    assert_eq!(
        ask("192.168.1.2", "GET /health", &[path]),
        Err(Refusal::NotHomeAssistant)
    );
}

//! `dashboard`: where the page is served, and to whom.

use pipeline::{DashboardAuth, show};

use super::mistakes::draw_sections;
use super::{Variables, file, parse, pipeline};

#[test]
fn mistakes_in_dashboard() {
    insta::assert_snapshot!(draw_sections([
        "dashboard: «yes»\n",
        "dashboard: { «port»: 8720 }\n",
        "dashboard: { listen: «8720» }\n",
        "dashboard: { listen: «localhost:port» }\n",
        "dashboard: { listen: «0.0.0.0:8720» }\n",
        "dashboard: { listen: «\"[::]:8720\"», hosts: [«\"https://cars.example.org/\"», «\"a b\"»] }\n",
        "dashboard: { auth: «password», listen: 0.0.0.0:8720 }\n",
        "dashboard: { token: «hunter2hunter2hunter2» }\n",
        "dashboard: { auth: ingress, token: «hunter2hunter2hunter2» }\n",
        "dashboard: { auth: token, token: «hunter2» }\n",
        "dashboard: { auth: token, token: «\"hunter2 hunter2 hunter2\"» }\n",
        "dashboard: { auth: token, token: «\"${EMPTY}\"» }\n",
        "dashboard: { auth: token, «token»: }\n",
    ]));
}

#[test]
fn a_page_is_for_this_machine_unless_somebody_is_asked_who_they_are() {
    let read = |section: &str| pipeline(section).dashboard;
    assert!(read("").is_none() && read("dashboard:\n").is_none());
    let plain = read("dashboard: {}\n").unwrap();
    assert_eq!(plain.listen.to_string(), "127.0.0.1:8720");
    assert!(matches!(plain.auth, DashboardAuth::Loopback) && plain.hosts.is_empty());
    let named =
        read("dashboard: { listen: localhost:9, hosts: [Cars.example.org, \"nas:8720\"] }\n").unwrap();
    assert_eq!(named.listen.to_string(), "127.0.0.1:9");
    assert_eq!(named.hosts, ["cars.example.org", "nas:8720"]);
    let made = read("dashboard: { listen: 0.0.0.0:8720, auth: token }\n").unwrap();
    assert!(matches!(made.auth, DashboardAuth::Token(None)));
    let behind = read("dashboard: { listen: \"[::]:8099\", auth: ingress }\n").unwrap();
    assert!(matches!(behind.auth, DashboardAuth::Ingress));
}

#[test]
fn a_token_is_never_shown() {
    let variables = Variables::from([("TOKEN", "hunter2hunter2hunter2")]);
    for token in ["hunter2hunter2hunter2", "\"${TOKEN}\""] {
        let text = file(&format!("dashboard: {{ auth: token, token: {token} }}\n"));
        let pipeline = parse(&text, &variables).unwrap();
        let shown = format!("{}{pipeline:?}", show(&pipeline));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("listen: 127.0.0.1:8720"), "{shown}");
        let Some(DashboardAuth::Token(Some(token))) = pipeline.dashboard.map(|page| page.auth) else {
            panic!("no token");
        };
        assert_eq!(token.expose(), "hunter2hunter2hunter2");
    }
}

#[test]
fn no_sink_has_the_name_of_what_fills_the_page() {
    let sinks = "sinks:\n  - type: shelf\n    path: data\n    name: Dashboard\n";
    pipeline(sinks);
    let refused = parse(&file(&format!("dashboard: {{}}\n{sinks}")), &Variables::default());
    let told = refused.unwrap_err().to_string();
    assert!(
        told.contains("`dashboard` is the name under which the page is filled"),
        "{told}"
    );
}

//! Pipeline files that are wrong in the lines that hold secrets.

use super::registry::Registry;
use crate::scene::{CLIENT_ID, Said, end};

const LITERAL: &str = "hunter2-Literal+Secret/==";
const VARIABLE: &str = "hunter2 Of \"The\" Environment\\";
const FILE: &str = "hunter2: #Of-The-File";

fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.add("a secret of the file", LITERAL);
    registry.add("a secret of the environment", VARIABLE);
    registry.add("a secret of another file", FILE);
    registry
}

async fn check(text: &str, options: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pipeline.yaml"), text).unwrap();
    std::fs::write(folder.path().join("secret"), format!("{FILE}\n")).unwrap();
    let arguments = [&["check", "-vvv"], options].concat();
    let check = tests::process::Cardata::start(arguments, |command| {
        command
            .current_dir(folder.path())
            .env("CARDATA_LOG", "trace")
            .env("SECRET", VARIABLE);
    });
    end(check).await
}

fn pipeline(sink: &str) -> String {
    format!(
        "accounts:\n  - name: home\n    client_id: {CLIENT_ID}\nsources:\n  - type: telematics\n    container: battery\n    \
         every: 1h\nsinks:\n  - type: influxdb\n    fields: descriptor\n    url: http://localhost:8086\n{sink}"
    )
}

#[tokio::test]
async fn a_mistake_beside_a_secret_does_not_give_it_away() {
    let mistakes = [
        "    org: home\n    bucket: b\n    token: SECRET\n    tokn: SECRET\n",
        "    org: home\n    bucket: b\n    tokn: SECRET\n",
        "    org: home\n    bucket: b\n    token: [SECRET, SECRET]\n",
        "    org: home\n    bucket: b\n    token: { value: SECRET }\n",
        "    org: home\n    bucket: b\n    token: SECRET\n    token: SECRET\n",
        "    org: home\n    bucket: b\n    token:\n      SECRET\n    batch: SECRET\n",
        "    org: home\n    bucket: b\n    token: >-\n      SECRET\n      SECRET\n    batch: 1\n",
        "    org: home\n    bucket: b\n    token: \"SECRET\n",
        "    org: home\n    bucket: b\n   token: SECRET\n",
        "    org: home\n    bucket: b\n\ttoken: SECRET\n",
        "    database: d\n    user: \"me:x\"\n    password: SECRET\n",
        "    database: d\n    password: SECRET\n    retry: { first: SECRET }\n",
        "    database: d\n    user: SECRET\n    password: SECRET\n    org: home\n    Password: SECRET\n",
        "    database: d\n    user: me\n    password: &secret SECRET\n    measurement: *secret\n    fields: *secret\n",
        "    database: d\n    user: me\n    password: !!int SECRET\n    fields: SECRET\n",
    ];
    let registry = registry();
    for mistake in mistakes {
        for secret in [
            format!("'{LITERAL}'"),
            LITERAL.to_owned(),
            "${SECRET}".to_owned(),
            "${file:secret}".to_owned(),
        ] {
            let text = pipeline(&mistake.replace("SECRET", &secret));
            let said = check(&text, &[]).await;
            assert_eq!(said.code, Some(2), "{text}\n{said:?}");
            // A name is no secret, even where somebody wrote one into it.
            let is_name = mistake.contains("user: SECRET") && secret.contains(LITERAL);
            if !is_name {
                registry.assert_absent(
                    &format!("the mistakes of\n{text}"),
                    &format!("{}{}", said.out, said.err),
                );
            }
        }
    }
}

#[tokio::test]
async fn an_address_with_a_login_does_not_give_it_away() {
    let registry = registry();
    for address in [
        format!("http://me:{LITERAL}@localhost:8086"),
        format!("http://localhost:8086/?token={LITERAL}"),
        "http://me:${SECRET}@localhost:8086".to_owned(),
        "http://localhost:8086/?token=${file:secret}".to_owned(),
        format!("htp://me:{LITERAL}@localhost"),
    ] {
        let text = pipeline("    database: d\n").replace("http://localhost:8086", &format!("\"{address}\""));
        let said = check(&text, &[]).await;
        assert_eq!(said.code, Some(2), "{text}\n{said:?}");
        registry.assert_absent(
            &format!("the mistakes of\n{text}"),
            &format!("{}{}", said.out, said.err),
        );
    }
}

#[tokio::test]
async fn what_is_right_is_shown_without_its_secrets() {
    let registry = registry();
    for secret in [
        LITERAL,
        "${SECRET}",
        "${file:secret}",
        "${MISSING:-hunter2-Literal+Secret/==}",
    ] {
        let text = pipeline(&format!(
            "    database: d\n    user: me\n    password: {secret}\n"
        ));
        for options in [
            &["--show"][..],
            &["--show", "--connect"],
            &["--connect", "--log-format", "json"],
        ] {
            let said = check(&text, options).await;
            assert!(matches!(said.code, Some(0 | 3 | 4)), "{text}\n{said:?}");
            assert!(
                said.out.contains("influxdb") || !options.contains(&"--show"),
                "{said:?}"
            );
            registry.assert_absent("what is shown", &format!("{}{}", said.out, said.err));
        }
    }
}

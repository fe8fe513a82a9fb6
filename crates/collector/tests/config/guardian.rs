//! `tokens`, `notify` and systemd's credentials.

use super::mistakes::draw_sections;
use super::{Variables, file, parse, pipeline};
use pipeline::{Form, show};

#[test]
fn mistakes_in_tokens() {
    insta::assert_snapshot!(draw_sections([
        "tokens: «plain»\n",
        "tokens: { «passphrse»: hunter2hunter2 }\n",
        "tokens:\n  passphrase: «hunter2»\n",
        "tokens:\n  passphrase: «${EMPTY}»\n",
        "tokens:\n  passphrase: [«a, b]»\n",
        "tokens:\n  passphrase: «${credential:passphrase}»\n",
        "tokens:\n  passphrase: «${credential:../passphrase}»\n",
    ]));
}

#[test]
fn mistakes_in_notify() {
    insta::assert_snapshot!(draw_sections([
        "notify: «https://ntfy.sh/x»\n",
        "notify:\n  - «https://ntfy.sh/x»\n  - «url»: https://ntfy.sh/x\n",
        "notify:\n  - type: «ntfi»\n    url: https://ntfy.sh/x\n",
        "notify:\n  - «type»: ntfy\n    «topic»: x\n",
        "notify:\n  - type: ntfy\n    url: «https://ntfy.sh/»\n  - type: ntfy\n    url: https://ntfy.sh/x\n    priority: «9»\n",
        "notify:\n  - type: ntfy\n    url: «ntfy.sh/hunter2»\n    token: \"a b\"\n",
        "notify:\n  - type: webhook\n    url: https://h/hunter2\n    headers: { «a b»: x, Authorization: «\"hunter2\\n\"» }\n",
        "notify:\n  - type: webhook\n    url: https://h/hunter2\n    «token»: hunter2\n",
    ]));
}

const RIGHT: &str = "tokens: { passphrase: \"${PASS}\" }
notify:
  - type: webhook
    url: https://me:hunter2@example.org/hunter2?key=hunter2
    headers: { Authorization: Bearer hunter2 }
  - type: ntfy
    url: https://ntfy.sh/hunter2
    token: hunter2
    priority: high
";

#[test]
fn channels_are_read_and_nothing_of_them_is_shown_but_the_host() {
    let variables = Variables::from([("PASS", "correct horse battery staple")]);
    let pipeline = parse(&file(RIGHT), &variables).unwrap();
    let passphrase = pipeline.accounts[0].passphrase.as_ref().unwrap();
    assert_eq!(passphrase.expose(), "correct horse battery staple");
    let labels: Vec<_> = pipeline.notify.iter().map(|channel| channel.label()).collect();
    assert_eq!(labels, ["webhook at example.org", "ntfy at ntfy.sh"]);
    assert!(matches!(&pipeline.notify[0].form, Form::Webhook { headers } if headers[0].0 == "authorization"));
    assert!(matches!(
        &pipeline.notify[1].form,
        Form::Ntfy {
            token: Some(_),
            priority: Some(4)
        }
    ));
    let shown = format!("{}{pipeline:?}", show(&pipeline));
    assert!(
        !shown.contains("hunter2") && !shown.contains("battery staple"),
        "{shown}"
    );
    assert!(
        shown.contains("passphrase: ${PASS}") || shown.contains("passphrase: \"${PASS}\""),
        "{shown}"
    );
    assert!(shown.contains("type: ntfy"), "{shown}");
}

#[test]
fn nobody_is_told_and_nothing_encrypted_by_default() {
    for sections in ["", "tokens:\nnotify:\n", "tokens: {}\nnotify: []\n"] {
        let pipeline = pipeline(sections);
        assert!(pipeline.notify.is_empty() && pipeline.accounts[0].passphrase.is_none());
    }
}

#[test]
fn a_credential_is_read_from_the_folder_that_systemd_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("passphrase"), "correct horse battery staple\n").unwrap();
    let variables = Variables::from([("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())]);
    let text = file("tokens: { passphrase: \"${credential:passphrase}\" }\n");
    let pipeline = parse(&text, &variables).unwrap();
    let passphrase = pipeline.accounts[0].passphrase.as_ref().unwrap();
    assert_eq!(passphrase.expose(), "correct horse battery staple");
    let text = file("tokens: { passphrase: \"${credential:other}\" }\n");
    let error = parse(&text, &variables).unwrap_err().to_string();
    assert!(error.contains("cannot read the credential `other`"), "{error}");
    assert!(error.contains("LoadCredential=other:"), "{error}");
}

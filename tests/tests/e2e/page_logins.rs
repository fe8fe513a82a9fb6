//! Logins that somebody begins on the page, while the program runs.

use std::time::Duration;

use cardata_sim::{Approval, SimConfig};
use reqwest::StatusCode;
use tests::process::Cardata;
use tests::servers::client;

use crate::scene::{DEADLINE, Plan, Scene, stop};

const LOGIN: &str = "login/home";

/// A BMW whose owner takes his time, and a run with a page in which nobody has logged in.
struct Stage {
    scene: Scene,
    run: Cardata,
    /// Of the page.
    root: String,
}

impl Stage {
    /// In real time: people confirm, and the page waits as long as BMW says.
    async fn set(config: SimConfig, change: impl FnOnce(String) -> String) -> Self {
        let plan = Plan {
            speed: 1.0,
            every: "1h",
            ..Plan::default()
        };
        let by_hand = SimConfig {
            approval: Approval::Manual,
            ..config
        };
        let scene = Scene::with(by_hand, &plan).await;
        std::fs::write(scene.path("bmw.pem"), scene.stream_ca()).unwrap();
        let stream = format!(
            ", stream: \"{}\", ca: bmw.pem }}\nsources:\n  - type: stream\n",
            scene.stream_url()
        );
        scene.edit(|text| text.replacen(" }\nsources:\n", &stream, 1));
        scene.edit(|text| change(format!("{text}dashboard: {{ listen: \"127.0.0.1:0\" }}\n")));
        let run = scene.run().await;
        let lines = run.lines();
        let link = lines.iter().find_map(|line| line.text.strip_prefix("See it: "));
        let root = link.expect("a link").to_owned();
        Self { scene, run, root }
    }

    async fn look(&self) -> String {
        let page = client()
            .get(format!("{}{LOGIN}", self.root))
            .send()
            .await
            .unwrap();
        page.error_for_status().unwrap().text().await.unwrap()
    }

    /// Presses the button, which leads back to the page.
    async fn begin(&self) -> String {
        let begin = client()
            .post(format!("{}{LOGIN}", self.root))
            .header("origin", self.root.trim_end_matches('/'));
        let page = begin.send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(page.url().path(), "/login/home");
        page.text().await.unwrap()
    }

    /// The code that is shown, which is one that BMW gave.
    fn code(&self, page: &str) -> String {
        let (_, behind) = page.split_once("<span class=\"code\">").expect("a code");
        let (code, _) = behind.split_once('<').unwrap();
        assert!(
            self.scene.bmw.waiting_user_codes().contains(&code.to_owned()),
            "{code}"
        );
        code.to_owned()
    }

    /// The page when it no longer waits.
    async fn end(&self) -> String {
        let wait = async {
            loop {
                let page = self.look().await;
                if !page.contains("data-waiting") {
                    return page;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let end = tokio::time::timeout(DEADLINE, wait).await;
        end.unwrap_or_else(|_| panic!("it waits for ever:\n{}", self.run.transcript()))
    }

    /// How often BMW was asked for a code.
    fn codes(&self) -> usize {
        self.scene.requests("device/code").len()
    }

    fn has_tokens(&self) -> bool {
        let folder = std::fs::read_dir(self.scene.path("state/tokens"));
        // The lock lies beside them.
        folder.is_ok_and(|all| {
            all.flatten()
                .any(|file| !file.file_name().to_string_lossy().ends_with(".lock"))
        })
    }
}

#[tokio::test]
async fn a_login_by_the_page_starts_what_waits_for_it() {
    let stage = Stage::set(SimConfig::default(), |text| text).await;
    let first = client().get(&stage.root).send().await.unwrap();
    assert_eq!(first.url().path(), "/login/home", "nobody is logged in");
    assert!(stage.look().await.contains("Begin</button>"));
    assert_eq!(stage.codes(), 0, "looking begins nothing");

    let page = stage.begin().await;
    let code = stage.code(&page);
    assert!(
        page.contains("<svg class=\"qr\"") && page.contains(&format!("user_code={code}\"")),
        "{page}"
    );
    let again = stage.begin().await;
    assert_eq!(
        (stage.code(&again), stage.codes()),
        (code.clone(), 1),
        "one at a time"
    );
    assert!(!stage.has_tokens());

    assert!(stage.scene.bmw.approve(&code));
    let page = stage.end().await;
    assert!(page.contains("Logged in") && !page.contains("<form"), "{page}");
    let line = "logged in again; polling goes on";
    stage.run.wait_for_line(line, DEADLINE).await;
    stage.scene.more_answers(&stage.run, 1).await;
    stage.run.wait_for_line("the stream is connected", DEADLINE).await;
    assert_eq!(stage.codes(), 1);

    let stored = std::fs::read_to_string(stage.scene.path("state/tokens/home.json")).unwrap();
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let log = stage.run.transcript();
    for secret in ["access_token", "refresh_token", "id_token"] {
        let secret = stored[secret]
            .as_str()
            .unwrap_or_else(|| panic!("no {secret}: {stored}"));
        assert!(secret.len() > 20 && !log.contains(secret) && !page.contains(secret));
    }
    stop(stage.run).await;
    stage.scene.assert_lawful();
}

#[tokio::test]
async fn an_owner_who_declines_is_told_so_and_may_begin_anew() {
    let stage = Stage::set(SimConfig::default(), |text| text).await;
    let code = stage.code(&stage.begin().await);
    assert!(stage.scene.bmw.deny(&code));
    let page = stage.end().await;
    assert!(
        page.contains("the login was refused") && page.contains("Begin again</button>"),
        "{page}"
    );
    assert!(!stage.has_tokens());

    let next = stage.code(&stage.begin().await);
    assert_ne!(next, code);
    assert!(stage.scene.bmw.approve(&next));
    assert!(stage.end().await.contains("Logged in"));
    stop(stage.run).await;
}

#[tokio::test]
async fn a_code_that_nobody_approves_ends() {
    let short = SimConfig {
        device_code_lifetime: Duration::from_secs(2),
        ..SimConfig::default()
    };
    let stage = Stage::set(short, |text| text).await;
    stage.code(&stage.begin().await);
    let page = stage.end().await;
    assert!(
        page.contains("Nobody confirmed in time") && page.contains("Begin again</button>"),
        "{page}"
    );
    assert!(!stage.has_tokens());
    stop(stage.run).await;
}

#[tokio::test]
async fn a_client_that_bmw_does_not_know_and_a_bmw_that_is_away_are_told() {
    let another = SimConfig {
        client_id: Some("11111111-2222-4333-8444-555555555555".to_owned()),
        ..SimConfig::default()
    };
    let stage = Stage::set(another, |text| text).await;
    let page = stage.begin().await;
    assert!(
        page.contains("is not accepted") && page.contains("Begin again</button>"),
        "{page}"
    );
    stop(stage.run).await;

    let stage = Stage::set(SimConfig::default(), |text| {
        let (before, behind) = text.split_once("auth: \"http://127.0.0.1:").unwrap();
        let (_, behind) = behind.split_once('"').unwrap();
        // Nobody listens there.
        format!("{before}auth: \"http://127.0.0.1:1\"{behind}")
    })
    .await;
    let page = stage.begin().await;
    assert!(
        page.contains("http://127.0.0.1:1/") && page.contains("Begin again</button>"),
        "{page}"
    );
    stop(stage.run).await;
}

#[tokio::test]
async fn a_login_that_waits_ends_with_the_program() {
    let stage = Stage::set(SimConfig::default(), |text| text).await;
    stage.code(&stage.begin().await);
    let Stage { scene, run, .. } = stage;
    stop(run).await;
    let left = std::fs::read_dir(scene.path("state/tokens")).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|name| name.to_string_lossy().ends_with(".lock")),
        "{left:?}"
    );
}

//! No way to BMW: names that do not resolve, nobody who listens, and TLS that nobody should trust.

use rand::seq::SliceRandom;
use tests::oracle::expected_of_all;
use tests::process::Cardata;
use tests::scene::{Plan, Scene, count, end, stop, until};

use crate::report::{Outcome, Report};
use crate::runner::Context;
use crate::tls_proxy::{Door, TlsProxy};

pub async fn in_trouble(context: Context) -> Outcome {
    let mut scene = Scene::set(&Plan::default()).await;
    let proxy = TlsProxy::start(&scene.url()).await;
    let authority = scene.path("authority.pem");
    std::fs::write(&authority, &proxy.authority).unwrap();
    scene.set_env("SSL_CERT_FILE", authority);
    proxy.server.beside(drill(context, &scene, &proxy)).await
}

async fn drill(context: Context, scene: &Scene, proxy: &TlsProxy) -> Outcome {
    let mut report = Report::default();
    let plain = scene.url();
    scene.edit(|text| text.replace(&plain, &proxy.url()));
    logins(&mut report, scene, proxy).await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    let mut doors = Door::BAD;
    let mut random = context.random();
    for _ in 0..context.choose(3, 1) {
        doors.shuffle(&mut random);
        for door in doors.into_iter().take(context.choose(Door::BAD.len(), 4)) {
            through(&mut report, scene, &run, proxy, door).await;
        }
    }
    stop(run).await;
    no_such_host(&mut report, scene, &proxy.url()).await;
    report.hold_files(scene, &expected_of_all(&scene.bmw.served()));
    report.hold_calls(&scene.bmw, 100_000);
    Outcome::Done(report)
}

/// A login through a bad door ends with words, and the server sees nothing.
async fn logins(report: &mut Report, scene: &Scene, proxy: &TlsProxy) {
    for door in [Door::Closed, Door::SelfSigned, Door::Plain] {
        proxy.set(door).await;
        report.inject(&format!("login with {}", door.name()));
        let said = end(scene.start(&["login"])).await;
        if said.code == Some(0) || !scene.bmw.requests().is_empty() {
            report.problem(format!("a login through a door that is {door:?}: {said:?}"));
        }
        report.survive();
    }
    proxy.set(Door::Open).await;
}

async fn through(report: &mut Report, scene: &Scene, run: &Cardata, proxy: &TlsProxy, door: Door) {
    let failed = || count(run, "a poll failed");
    let before = failed();
    proxy.set(door).await;
    report.inject(door.name());
    until(run, &format!("complaint about {door:?}"), || failed() > before).await;
    let asked = scene.bmw.requests().len();
    until(run, &format!("second complaint about {door:?}"), || {
        failed() > before + 1
    })
    .await;
    if scene.bmw.requests().len() != asked {
        report.problem(format!("BMW was asked through a door that is {door:?}"));
    }
    proxy.set(Door::Open).await;
    scene.more_answers(run, 2).await;
    report.survive();
}

/// The name is reserved for not being resolved (RFC 6761).
async fn no_such_host(report: &mut Report, scene: &Scene, url: &str) {
    scene.edit(|text| text.replace(url, "https://cardata.invalid"));
    report.inject("host that does not resolve");
    let run = scene.run().await;
    until(&run, "complaint about the host", || {
        count(&run, "a poll failed") > 0
    })
    .await;
    stop(run).await;
    scene.edit(|text| text.replace("https://cardata.invalid", url));
    let run = scene.run().await;
    scene.more_answers(&run, 2).await;
    stop(run).await;
    report.survive();
}

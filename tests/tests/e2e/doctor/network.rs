//! Clock, names, ports and certificates.

use super::*;

#[tokio::test]
async fn a_clock_that_is_off() {
    let scene = Scene::set(&Plan::default()).await;
    for (hours, words) in [(26, "26 h behind"), (-4, "3 h ahead of")] {
        scene.bmw.inject_on(
            "GET /oneid",
            1,
            Fault::Date(SignedDuration::from_mins(hours * 60 + 30)),
        );
        let (said, told) = ask(&scene, &[]).await;
        assert_eq!(said.code, Some(4), "{said:?}");
        expect_first(&told, "clock", words);
    }
    scene.assert_lawful();
}

/// A pipeline file at BMW's own addresses.
fn at_bmw(scene: &Scene) {
    scene.edit(|text| {
        let lines = text
            .lines()
            .filter(|line| !line.contains("endpoints:") && !line.starts_with("clock:"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        text.replacen("sinks:\n", "  - type: stream\nsinks:\n", 1)
    });
}

/// Runs the command with a file of hosts of its own; `None`, which is said, where only root could.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
async fn with_hosts(scene: &Scene, hosts: &str, proxy: &str) -> Option<Said> {
    std::fs::write(scene.path("hosts"), hosts).unwrap();
    let script = "mount --bind hosts /etc/hosts || exit 77\nexec \"$0\" doctor --json --config pipeline.yaml";
    let program = tests::process::program();
    let arguments = ["-m", "sh", "-c", script, program.to_str().unwrap()];
    let command = Cardata::start_program(Path::new("unshare"), arguments, |command| {
        command
            .current_dir(scene.path(""))
            .env_remove("CARDATA_LOG")
            .env("HTTPS_PROXY", proxy);
    });
    let said = end(command).await;
    if said.out.is_empty() {
        eprintln!("left out: only root can have other names of hosts: {}", said.err);
        return None;
    }
    Some(said)
}

#[tokio::test]
async fn names_that_a_filter_answers() {
    let scene = Scene::set(&Plan::default()).await;
    at_bmw(&scene);
    let stream = "customer.streaming-cardata.bmwgroup.com";
    for (address, words) in [
        ("0.0.0.0", "leads to 0.0.0.0"),
        ("::", "leads to ::"),
        ("127.0.0.1", "leads to 127.0.0.1"),
        ("192.168.1.2", "leads to 192.168.1.2"),
    ] {
        let hosts = ["customer.bmwgroup.com", "api-cardata.bmwgroup.com", stream];
        let hosts = hosts.map(|host| format!("{address} {host}\n")).concat();
        let Some(said) = with_hosts(&scene, &hosts, "").await else {
            return;
        };
        let told = told(&said);
        assert_eq!(said.code, Some(4), "{said:?}");
        expect_first(&told, "names", words);
        let advice = findings(&told, "names", "problem")[0]["advice"].to_string();
        assert!(advice.contains("Pi-hole") && advice.contains(stream), "{advice}");
        expect(&told, "ports", "unknown", "no server could be asked");
    }
}

/// Where requests go through a proxy, the names of their servers are the proxy's affair.
#[tokio::test]
async fn only_the_stream_needs_a_way_of_its_own_beside_a_proxy() {
    let scene = Scene::set(&Plan::default()).await;
    at_bmw(&scene);
    let hosts = "0.0.0.0 customer.streaming-cardata.bmwgroup.com\n";
    let Some(said) = with_hosts(&scene, hosts, "http://127.0.0.1:1").await else {
        return;
    };
    let told = told(&said);
    let names = findings(&told, "names", "problem");
    assert_eq!(names.len(), 1, "{told:#}");
    assert_eq!(names[0]["of"], "customer.streaming-cardata.bmwgroup.com");
    expect(&told, "clock", "unknown", "no server told its time");
}

#[tokio::test]
async fn a_port_that_is_closed() {
    let scene = Scene::set(&Plan::default()).await;
    stream(&scene);
    scene.bmw.stop_stream();
    scene.settle().await;
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "ports", "refuses connections");
    let advice = findings(&told, "ports", "problem")[0]["advice"].to_string();
    assert!(advice.contains("firewall"), "{advice}");
}

#[tokio::test]
async fn a_certificate_of_somebody_else() {
    let scene = Scene::set(&Plan::default()).await;
    stream(&scene);
    scene.edit(|text| text.replace(", ca: ca.pem", ""));
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(
        &told,
        "certificates",
        "signed by `simulated authority`, whom this machine does not trust",
    );
}

#[tokio::test]
async fn a_server_that_speaks_something_else() {
    let scene = Scene::set(&Plan::default()).await;
    stream(&scene);
    let http = scene.url().replace("http://127.0.0.1", "mqtts://localhost");
    scene.edit(|text| text.replace(&scene.stream_url(), &http));
    let (said, told) = ask(&scene, &[]).await;
    assert_eq!(said.code, Some(4), "{said:?}");
    expect_first(&told, "certificates", "speaks no TLS");
}

//! `sudo cardata init` where the package is installed: in a name space of its own, so that no folder of this machine is
//! touched. Only root may make one.

use std::os::unix::fs::{PermissionsExt, chown};
use std::process::Output;

use tests::process::{Cardata, program};

use crate::scene::{CLIENT_ID, Plan, Scene, end};

/// What the package makes, for the user and group 4711 and 4712, and nothing else of this machine's `/etc`.
const PACKAGE: &str = "set -e\n\
    mount -t tmpfs tmpfs /etc\nmount -t tmpfs tmpfs /var/lib\n\
    mkdir -m 750 /etc/cardata /var/lib/cardata\n\
    chown 0:4712 /etc/cardata\nchown 4711:4712 /var/lib/cardata\n\
    service() { setpriv --reuid 4711 --regid 4712 --clear-groups \"$@\"; }\n";

async fn in_a_package(script: &str, folder: &std::path::Path) -> Output {
    let mut command = tokio::process::Command::new("unshare");
    super::set_home(command.as_std_mut(), folder);
    command
        .args(["--mount", "sh", "-c", &format!("{PACKAGE}{script}")])
        .arg(program())
        .current_dir(folder)
        .env("MQTT_PASSWORD", "geheim");
    command.output().await.expect("util-linux is installed")
}

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
async fn can_mount(folder: &std::path::Path) -> bool {
    let can = in_a_package("", folder).await.status.success();
    if !can {
        eprintln!("left out: no file system can be mounted here");
    }
    can
}

/// Nobody can write into the home that is somebody else's.
#[tokio::test]
async fn a_folder_of_somebody_else_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    if chown(home.path(), Some(4711), Some(4711)).is_err() {
        return;
    }
    let init = Cardata::start(["init"], |command| {
        command.current_dir(home.path()).uid(4713).gid(4713);
        super::set_home(command.as_std_mut(), home.path());
    });
    let said = end(init).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(
        said.err.contains(".config/cardata: Permission denied"),
        "{said:?}"
    );
    assert!(said.err.contains("cardata init --config FILE"), "{said:?}");
}

#[tokio::test]
async fn what_root_makes_can_be_read_by_the_service() {
    let scene = Scene::set(&Plan::default()).await;
    let folder = scene.path("");
    if !can_mount(&folder).await {
        return;
    }
    let script = format!(
        "mkdir -m 700 /etc/hidden\ncd /etc/hidden\n\"$0\" init --client-id {CLIENT_ID} --sink mqtt --set mqtt.user=anna\n\
         service \"$0\" check\n\
         ! setpriv --reuid 4713 --regid 4713 --clear-groups \"$0\" check || exit 9\n\
         sed -i 's#{CLIENT_ID}#&\\n    endpoints: {{ auth: \"{url}\", api: \"{url}\" }}#' /etc/cardata/pipeline.yaml\n\
         \"$0\" login\nservice \"$0\" vehicles\n\
         stat -c '%u:%g %a %n' /etc/cardata/* /var/lib/cardata/state /var/lib/cardata/state/tokens/*.json",
        url = scene.url()
    );
    let output = in_a_package(&script, &folder).await;
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in [
        "/etc/cardata/pipeline.yaml: sound; 1 account, 4 sources, 2 sinks",
        "Wrote /etc/cardata/pipeline.yaml",
        "0:4712 640 /etc/cardata/mqtt-password",
        "0:4712 640 /etc/cardata/pipeline.yaml",
        "4711:4712 700 /var/lib/cardata/state",
        "4711:4712 600 /var/lib/cardata/state/tokens/home.json",
    ] {
        assert!(said.lines().any(|said| said == line), "{line}\n{said}");
    }
}

//! The token file: whole, private, and one writer at a time.

use std::fs;
use std::path::Path;

use cardata_auth::{TokenSet, TokenStore, TokenStoreError};
use secrecy::ExposeSecret;

use crate::server::{Answer, Server, client_id, jumping_clock, tokens};

/// A login of which only the number matters.
pub async fn login(number: u32) -> TokenSet {
    let code = serde_json::json!({
        "user_code": "CODE", "device_code": "device", "verification_uri": "https://bmw.example/link",
    });
    let server = Server::start([Answer::json(200, &code), Answer::json(200, &tokens(number))]).await;
    cardata_auth::login(&server.client(jumping_clock()), &client_id(), |_| ())
        .await
        .unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_saved_is_loaded_and_nothing_else_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = TokenStore::new(dir.path().join("state/tokens"), "home");
    assert!(store.load().unwrap().is_none());
    for number in 1..=2 {
        store.save(&login(number).await).unwrap();
        let loaded = store.load().unwrap().unwrap();
        assert_eq!(loaded.access_token.expose_secret(), format!("access-{number}"));
        assert_eq!(loaded.client_id, client_id());
    }
    assert_eq!(names(&dir.path().join("state/tokens")), ["home.json"]);
}

/// An account is asked for its tokens at every call; who logs in is another process.
#[tokio::test]
async fn what_another_process_stored_or_removed_is_seen_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (daemon, command) = (
        TokenStore::new(dir.path(), "home"),
        TokenStore::new(dir.path(), "home"),
    );
    let logins = [login(1).await, login(2).await];
    for tokens in logins.iter().cycle().take(20) {
        command.save(tokens).unwrap();
        for _ in 0..2 {
            let loaded = daemon.load().unwrap().unwrap();
            assert_eq!(
                loaded.refresh_token.expose_secret(),
                tokens.refresh_token.expose_secret()
            );
        }
    }
    fs::remove_file(daemon.path()).unwrap();
    assert!(daemon.load().unwrap().is_none());
    fs::write(daemon.path(), "{}").unwrap();
    assert!(matches!(daemon.load(), Err(TokenStoreError::NoLogin { .. })));
}

#[cfg(unix)]
#[tokio::test]
async fn file_and_folder_are_closed_to_others() {
    use std::os::unix::fs::PermissionsExt;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("tokens");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let store = TokenStore::new(&dir, "home");
    fs::write(store.path(), "{}").unwrap();
    fs::set_permissions(store.path(), fs::Permissions::from_mode(0o644)).unwrap();

    store.save(&login(1).await).unwrap();
    assert_eq!((mode(&dir), mode(&store.path())), (0o700, 0o600));
}

#[tokio::test]
async fn a_reader_never_sees_half_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = TokenStore::new(dir.path(), "home");
    let logins = [login(1).await, login(2).await];
    store.save(&logins[0]).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..100).for_each(|round| store.save(&logins[round % 2]).unwrap()));
        while !writer.is_finished() {
            assert!(store.load().unwrap().is_some());
        }
    });
}

#[tokio::test]
async fn a_save_that_fails_leaves_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = TokenStore::new(dir.path(), "home");
    // A folder in the place of the file cannot be replaced by a file.
    fs::create_dir_all(store.path().join("x")).unwrap();
    let failure = store.save(&login(1).await).unwrap_err();
    assert!(
        matches!(
            failure,
            TokenStoreError::Io {
                operation: "replacing",
                ..
            }
        ),
        "{failure:?}"
    );
    assert!(failure.to_string().contains("home.json"), "{failure}");
    assert_eq!(names(dir.path()), ["home.json"]);
}

#[tokio::test]
async fn a_file_without_tokens_is_no_login() {
    let dir = tempfile::tempdir().unwrap();
    let store = TokenStore::new(dir.path(), "home");
    for content in [
        "{}",
        "",
        "{\"version\":1}",
        "null",
        "{\"version\":1,\"access_token\":\"x\"}",
    ] {
        fs::write(store.path(), content).unwrap();
        let failure = store.load().unwrap_err();
        assert!(matches!(failure, TokenStoreError::NoLogin { .. }), "{failure:?}");
        assert!(failure.to_string().contains("cardata login"), "{failure}");
    }
    fs::write(store.path(), "{\"version\":99}").unwrap();
    assert!(matches!(
        store.load(),
        Err(TokenStoreError::Newer { found: 99, .. })
    ));
}

#[test]
fn no_account_name_leaves_the_folder() {
    let dir = Path::new("tokens");
    for (account, file) in [
        ("home", "home.json"),
        ("Zuhause_2-ö", "Zuhause_2-ö.json"),
        ("../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd.json"),
        ("a b", "a%20b.json"),
        ("", ".json"),
    ] {
        assert_eq!(TokenStore::new(dir, account).path(), dir.join(file));
    }
}

#[tokio::test]
async fn the_lock_excludes_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (
        TokenStore::new(dir.path(), "home"),
        TokenStore::new(dir.path(), "home"),
    );
    let held = one.lock().await.unwrap();
    let file = fs::File::open(dir.path().join("home.json.lock")).unwrap();
    assert!(matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)));
    drop(TokenStore::new(dir.path(), "work").lock().await.unwrap());
    drop(held);
    drop(other.lock().await.unwrap());
    file.try_lock().unwrap();
}

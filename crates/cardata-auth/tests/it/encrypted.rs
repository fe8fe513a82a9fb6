//! Tokens that are encrypted at rest: read and renewed like plain ones, and never lost to a wrong passphrase.

use std::fs;

use cardata_auth::{Authenticator, TokenStore, TokenStoreError};
use secrecy::ExposeSecret;

use crate::server::{Answer, Server, client_id, jumping_clock, tokens};
use crate::store::login;

const PASSPHRASE: &str = "correct horse battery staple";

fn store(dir: &tempfile::TempDir, passphrase: Option<&str>) -> TokenStore {
    TokenStore::new(dir.path(), "home").with_passphrase(passphrase.map(Into::into))
}

fn text(store: &TokenStore) -> String {
    fs::read_to_string(store.path()).unwrap()
}

#[tokio::test]
async fn encrypted_tokens_are_read_and_renewed_like_plain_ones() {
    let dir = tempfile::tempdir().unwrap();
    let ours = store(&dir, Some(PASSPHRASE));
    ours.save(&login(0).await).unwrap();
    let sealed = text(&ours);
    assert!(
        sealed.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"),
        "{sealed}"
    );
    assert!(!sealed.contains("refresh"), "{sealed}");

    // As another process, which has not seen the file before.
    let other = store(&dir, Some(PASSPHRASE));
    let server = Server::start([Answer::json(200, &tokens(1))]).await;
    let oauth = server.client(jumping_clock());
    let authenticator = Authenticator::new("home".into(), client_id(), oauth, other, Vec::new());
    let token = authenticator.force_refresh(&"access-0".into()).await.unwrap();
    assert_eq!(token.expose_secret(), "access-1");
    let renewed = ours.load().unwrap().unwrap();
    assert_eq!(renewed.refresh_token.expose_secret(), "refresh-1");
    assert!(text(&ours).starts_with("-----BEGIN AGE"));
}

#[cfg(unix)]
#[tokio::test]
async fn an_encrypted_file_is_closed_to_others_as_well() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir, Some(PASSPHRASE));
    store.save(&login(0).await).unwrap();
    let mode = fs::metadata(store.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn without_the_passphrase_nothing_is_read_and_nothing_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let right = store(&dir, Some(PASSPHRASE));
    right.save(&login(0).await).unwrap();
    let before = text(&right);
    let new = login(1).await;

    let none = store(&dir, None);
    for refused in [none.load().unwrap_err(), none.save(&new).unwrap_err()] {
        assert!(
            matches!(refused, TokenStoreError::Encrypted { .. }),
            "{refused:?}"
        );
        assert!(
            refused.to_string().contains("set `tokens: { passphrase: … }`"),
            "{refused}"
        );
    }
    let wrong = store(&dir, Some("hunter2 and hunter3"));
    for refused in [wrong.load().unwrap_err(), wrong.save(&new).unwrap_err()] {
        assert!(
            matches!(refused, TokenStoreError::WrongPassphrase { .. }),
            "{refused:?}"
        );
        assert!(
            !format!("{refused} {refused:?}").contains("hunter2 and hunter3"),
            "{refused:?}"
        );
    }
    assert_eq!(text(&right), before);
    assert!(right.load().unwrap().is_some());
}

#[tokio::test]
async fn plain_tokens_are_encrypted_at_the_next_save_or_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    store(&dir, None).save(&login(0).await).unwrap();
    let ours = store(&dir, Some(PASSPHRASE));
    assert!(ours.load().unwrap().is_some(), "plain tokens can still be read");

    let server = Server::start([]).await;
    let oauth = server.client(jumping_clock());
    let authenticator = Authenticator::new("home".into(), client_id(), oauth, ours.clone(), Vec::new());
    for _ in 0..2 {
        authenticator.protect().await.unwrap();
        assert!(text(&ours).starts_with("-----BEGIN AGE"));
    }
    assert_eq!(
        ours.load().unwrap().unwrap().refresh_token.expose_secret(),
        "refresh-0"
    );

    fs::write(ours.path(), "{}").unwrap();
    authenticator.protect().await.unwrap();
    assert_eq!(text(&ours), "{}", "what is no login is left for its owner to see");
    ours.save(&login(2).await).unwrap();
    assert!(text(&ours).starts_with("-----BEGIN AGE"));
}

#[tokio::test]
async fn a_damaged_file_is_no_login_and_can_be_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let ours = store(&dir, Some(PASSPHRASE));
    ours.save(&login(0).await).unwrap();
    let whole = text(&ours);
    fs::write(ours.path(), &whole[..whole.len() / 2]).unwrap();
    let failure = ours.load().unwrap_err();
    assert!(matches!(&failure, TokenStoreError::NoLogin { .. }), "{failure:?}");
    ours.save(&login(1).await).unwrap();
    assert!(ours.load().unwrap().is_some());
}

#[tokio::test]
async fn another_process_replacing_the_file_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (store(&dir, Some(PASSPHRASE)), store(&dir, Some(PASSPHRASE)));
    one.save(&login(0).await).unwrap();
    assert_eq!(
        one.load().unwrap().unwrap().access_token.expose_secret(),
        "access-0"
    );
    other.save(&login(1).await).unwrap();
    assert_eq!(
        one.load().unwrap().unwrap().access_token.expose_secret(),
        "access-1"
    );
}

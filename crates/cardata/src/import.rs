//! `cardata login --import`: the login of another client is taken over by its refresh token.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use cardata_auth::{AuthError, Imported, TokenSet, adopt, read_refresh_token};
use collector::account;
use collector::state::StateDirectory;
use pipeline::{Account, Pipeline};
use runtime::{Chain, Clock, SystemClock};

use crate::{CommandResult, Failure, OrFail, context, login, terminal};

/// More is no token file; one byte more shows that there is more.
const LONGEST: u64 = (1 << 20) + 1;

/// Takes over the login in `file`, `-` being standard input. Stores nothing unless BMW has accepted it.
pub async fn import(
    file: &Path,
    accounts: &[&Account],
    pipeline: &Pipeline,
    state: &StateDirectory,
) -> CommandResult {
    let [account] = accounts else {
        let names: Vec<_> = accounts.iter().map(|account| &*account.name).collect();
        let advice = format!("say with `--account` whose login this is: {}", names.join(", "));
        return Err(Failure::new(2, advice));
    };
    let imported = read(file)?;
    warn_of_another_client(account, &imported);
    let store = account::token_store(account, state);
    // From here to the end nobody else may store tokens: the refresh uses the imported one up.
    let lock = store.lock().await.or_fail(2)?;
    store.check_replaceable().or_fail(2)?;
    let tokens = refreshed(account, &imported).await?;
    context::check_new_login(&tokens, account, pipeline, state)?;
    let (to_store, path) = (tokens.clone(), store.path());
    let saved = tokio::task::spawn_blocking(move || store.save(&to_store)).await;
    drop(lock);
    saved.or_fail(70)?.map_err(|error| {
        let lost = "the imported login is used up and could not be stored: log in with `cardata login`";
        Failure::new(2, format!("{}; {lost}", Chain(&error)))
    })?;
    terminal::say(&format!(
        "{}: took over the login and stored it in {}. It is good for {:.0} days; `cardata run` keeps it alive.\n\
         The client it came from has lost it with that: stop that client, or it will ask for a login for ever. Both \
         at once cannot use one login.",
        account.name,
        path.display(),
        tokens.refresh_days_left(SystemClock.now()),
    ));
    login::scopes(&account.name, &tokens.missing_scopes())
}

fn read(file: &Path) -> Result<Imported, Failure> {
    let is_stdin = file == Path::new("-");
    let what = if is_stdin {
        "standard input".to_owned()
    } else {
        file.display().to_string()
    };
    let mut bytes = Vec::new();
    let result = if is_stdin {
        std::io::stdin().lock().take(LONGEST).read_to_end(&mut bytes)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes))
    };
    result.map_err(|error| Failure::new(2, format!("cannot read {what}: {error}")))?;
    read_refresh_token(&bytes).map_err(|error| Failure::new(2, format!("{what}: {error}")))
}

/// BMW knows a refresh token only with the client it was given to.
fn warn_of_another_client(account: &Account, imported: &Imported) {
    let Some(theirs) = &imported.client_id else { return };
    if !theirs.eq_ignore_ascii_case(account.client_id.as_str()) {
        terminal::error(&format!(
            "{}: the file belongs to another client id than the configured one. If BMW refuses it, write the client \
             id of that file into the pipeline file.",
            account.name
        ));
    }
}

async fn refreshed(account: &Account, imported: &Imported) -> Result<TokenSet, Failure> {
    let oauth = context::oauth(account, Arc::new(SystemClock))?;
    let bar = terminal::spinner("asking BMW to accept the login");
    let result = adopt(&oauth, &account.client_id, &imported.refresh_token).await;
    bar.finish_and_clear();
    result.map_err(|error| {
        let (code, problem) = match &error {
            AuthError::LoginExpired { reason } => (
                3,
                format!(
                    "BMW does not accept this refresh token ({reason}): it is older than 14 days, belongs to another \
                     client id, or was used since the file was written. Stop the other client and take its newest \
                     file, or log in with `cardata login`"
                ),
            ),
            error if error.needs_login() => (3, Chain(error).to_string()),
            error => (
                4,
                format!(
                    "{}; nothing was stored. Run the same command again; if the token is then refused, the answer \
                     was lost on the way: log in with `cardata login`",
                    Chain(error)
                ),
            ),
        };
        Failure::new(code, format!("{}: {problem}", account.name))
    })
}

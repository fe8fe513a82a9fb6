//! What `cardata status` says of logins that need their owner.

use cardata_auth::{TokenSet, scopes_message};
use collector_core::state::{LoginState, Published, State};
use jiff::Timestamp;

/// The lines about one account. `said` is what the running program last said of its login; what can be seen in the
/// stored tokens themselves is told whether it runs or not.
pub fn warnings(tokens: Option<&TokenSet>, said: Option<&Published>, now: Timestamp) -> Vec<String> {
    let Some(tokens) = tokens else {
        return Vec::new();
    };
    // Said of tokens that have been replaced since.
    let said = said.filter(|said| said.since >= tokens.obtained_at);
    // The worse of the two: the program may know that BMW refuses it, and its clock may run faster than ours.
    let told = said.and_then(|said| match said.state {
        State::Login(state) => Some(state),
        _ => None,
    });
    let life = LoginState::of_days(tokens.refresh_days_left(now)).min(told.unwrap_or(LoginState::Alive));
    let mut warnings = Vec::new();
    if life != LoginState::Alive {
        let message = said.and_then(|said| said.message.clone());
        warnings.push(message.unwrap_or_else(|| ends(life, tokens)));
    }
    let missing = tokens.missing_scopes();
    if !missing.is_empty() {
        warnings.push(scopes_message(&missing));
    }
    warnings
}

fn ends(life: LoginState, tokens: &TokenSet) -> String {
    let ends = tokens.refresh_expires_at;
    match life {
        LoginState::Needed => format!("the login ended at {ends:.0}: run `cardata login`"),
        _ => format!("the login ends at {ends:.0} unless `cardata run` refreshes it before"),
    }
}

//! The page on which the owner types the user code.

use jiff::Timestamp;

use super::Login;
use crate::call::{Answer, Call};

/// GET shows the form, filled in by `?user_code=`; POST approves, or declines with `decision=decline`.
pub(super) fn answer(login: &mut Login, call: &Call, now: Timestamp) -> Answer {
    if call.method == "GET" {
        let code: String = call
            .query("user_code")
            .unwrap_or_default()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        return page(
            200,
            &format!(
                r#"<form method="post"><label>User code <input name="user_code" value="{code}"></label>
<button name="decision" value="approve">Approve</button>
<button name="decision" value="decline">Decline</button></form>"#
            ),
        );
    }
    let form = call.form().unwrap_or_default();
    let approve = form.get("decision") != Some("decline");
    match form.get("user_code") {
        Some(code) if login.decide(code, approve, now) => page(
            200,
            if approve {
                "The device is linked."
            } else {
                "The device is not linked."
            },
        ),
        _ => page(400, "This code is unknown or expired."),
    }
}

fn page(status: u16, content: &str) -> Answer {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Link a device</title></head><body>\n\
         <h1>Simulated BMW</h1>\n{content}\n</body></html>\n"
    );
    Answer::new(status, "text/html; charset=utf-8", html)
}

//! The token files of other clients.

use cardata_auth::read_refresh_token;
use secrecy::ExposeSecret;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "imported_login",
    places: &["bare token", "several", "token in JSON", "turned away"],
    run,
};

/// In the tokens of the seeds, and in no message.
const MARK: &str = "hunter2";

fn run(input: &[u8], reached: &mut Reached) {
    match read_refresh_token(input) {
        Ok(imported) => {
            let is_json = input.contains(&b'{');
            reached.reach(if is_json { "token in JSON" } else { "bare token" });
            let token = imported.refresh_token.expose_secret();
            assert!(
                token.len() >= 8 && token.bytes().all(|byte| byte.is_ascii_graphic()),
                "fits a form"
            );
            let told = format!("{:?}", imported.client_id);
            assert!(told.contains(MARK) || !format!("{imported:?}").contains(MARK));
            if !is_json {
                let text = std::str::from_utf8(input).expect("a token is text");
                assert!(text.contains(token), "nothing is added to a token");
            }
        }
        Err(error) => {
            let words = error.to_string();
            assert!(words.len() < 200 && !words.contains(MARK), "{words}");
            reached.reach(if words.contains("several") {
                "several"
            } else {
                "turned away"
            });
        }
    }
}

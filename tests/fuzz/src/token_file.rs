//! The file that tokens are kept in, as a crash, an editor or another program left it.

use cardata_auth::fuzzing::{decode, encode};

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "token_file",
    places: &["login", "newer version", "no login"],
    run,
};

/// In the tokens of the seeds, and in no message.
const MARK: &str = "hunter2";

fn run(input: &[u8], reached: &mut Reached) {
    match decode(input) {
        Ok(tokens) => {
            reached.reach("login");
            let file = encode(&tokens);
            assert_eq!(
                encode(&decode(&file).expect("what was written is readable")),
                file
            );
            let told = format!("{:?} {:?}", tokens.gcid, tokens.scope);
            assert!(told.contains(MARK) || !format!("{tokens:?}").contains(MARK));
        }
        Err(fault) => {
            assert!(!fault.contains(MARK) && fault.len() < 200, "{fault}");
            reached.reach(if fault.contains("Newer") {
                "newer version"
            } else {
                "no login"
            });
        }
    }
}

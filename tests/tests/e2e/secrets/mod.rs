//! What nobody may read, however much is told: tokens, passwords, whole VINs, positions.
//!
//! * [`registry`]: the secrets of a test in all their forms. [`wire`]: those that went to and from BMW.
//! * [`running`]: every command at its most talkative, and everything that goes wrong on the way.
//! * [`answers`]: servers that repeat what they were sent. [`files`]: pipeline files with mistakes.

mod answers;
mod files;
mod registry;
mod running;
mod wire;

use tests::process::Cardata;

use crate::scene::{Said, Scene, end};

const VIN: &str = "WBY71AW050FP12345";

/// Runs a command of the scene with everything said, the libraries' words too.
async fn talk(scene: &Scene, arguments: &[&str]) -> Said {
    end(start(scene, arguments)).await
}

/// Starts it.
fn start(scene: &Scene, arguments: &[&str]) -> Cardata {
    let arguments = [arguments, &["-vvv", "--config", "pipeline.yaml"]].concat();
    Cardata::start(arguments, |command| {
        command
            .current_dir(scene.path(""))
            .env("CARDATA_LOG", "trace")
            .env("RUST_BACKTRACE", "1");
    })
}

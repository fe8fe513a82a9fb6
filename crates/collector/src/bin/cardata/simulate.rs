//! `cardata sim`.

use cardata_sim::{Sim, SimConfig};

use crate::args::SimArgs;
use crate::{CommandResult, Failure, signals, terminal};

pub async fn run(options: SimArgs) -> CommandResult {
    if !(options.speed > 0.0 && options.speed <= 100_000.0) {
        return Err(Failure::new(2, "--speed takes a number above 0 and up to 100000"));
    }
    let config = SimConfig {
        port: options.port,
        speed: options.speed,
        seed: options.seed,
        ..SimConfig::default()
    };
    let stop = signals::stop_token();
    let sim = Sim::start(config).await.map_err(|error| {
        Failure::new(
            2,
            format!(
                "cannot listen on 127.0.0.1:{}: {error}: choose another --port",
                options.port
            ),
        )
    })?;
    terminal::say(&format!(
        "A simulated BMW listens; it approves every login by itself. Point an account at it:\n\n\
         clock: {{ speed: {speed} }}\n\
         accounts:\n  - name: simulated\n    client_id: 00000000-0000-4000-8000-000000000000\n    \
         endpoints: {{ auth: \"{auth}\", api: \"{api}\" }}\n\nCtrl-C stops it.",
        speed = options.speed,
        auth = sim.auth_url(),
        api = sim.api_url(),
    ));
    stop.cancelled().await;
    sim.stop().await;
    Ok(())
}

//! `cardata sim`: the simulated BMW as a server of its own, with the lines that point an account at it.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use cardata_sim::{Documents, Sim, SimConfig, SimVehicle, StreamConfig};

use crate::args::{SimArgs, SimulatedVehicle};
use crate::{CommandResult, Failure, signals, terminal};

pub async fn run(options: SimArgs) -> CommandResult {
    if !(options.speed > 0.0 && options.speed <= 100_000.0) {
        return Err(Failure::new(2, "--speed takes a number above 0 and up to 100000"));
    }
    let behind = match options.port {
        0 => 0,
        port => port.checked_add(1).unwrap_or(0),
    };
    let config = SimConfig {
        port: options.port,
        stream_port: options.stream_port.unwrap_or(behind),
        speed: options.speed,
        seed: options.seed,
        vehicles: (0..).zip(&options.vehicles).map(vehicle).collect(),
        // Nobody asks what was sent, and it may run for days.
        stream: StreamConfig {
            log: false,
            ..StreamConfig::default()
        },
        documents: Documents {
            log: false,
            ..Documents::default()
        },
        ..SimConfig::default()
    };
    let (port, stream_port) = (config.port, config.stream_port);
    let stop = signals::stop_token();
    let sim = Sim::start(config).await.map_err(|error| {
        Failure::new(
            2,
            format!(
                "cannot listen on 127.0.0.1:{port} and 127.0.0.1:{stream_port}: {error}: choose another --port or \
                 --stream-port"
            ),
        )
    })?;
    let ca = authority_file(&sim.stream_url());
    write_afresh(&ca, sim.stream_ca()).map_err(|error| {
        Failure::new(
            2,
            format!(
                "cannot write the stream's certificate to {}: {error}: choose another --stream-port, or another \
                 directory with TMPDIR",
                ca.display()
            ),
        )
    })?;
    terminal::say(&format!(
        "A simulated BMW listens; it approves every login by itself. Point an account at it:\n\n\
         clock: {{ speed: {speed} }}\n\
         accounts:\n  - name: simulated\n    client_id: 00000000-0000-4000-8000-000000000000\n    \
         endpoints: {{ auth: \"{auth}\", api: \"{api}\", stream: \"{stream}\", ca: \"{ca}\" }}\n\n\
         The certificate in that file is another one at every start. Ctrl-C stops it.",
        speed = options.speed,
        auth = sim.auth_url(),
        api = sim.api_url(),
        stream = sim.stream_url(),
        ca = ca.display(),
    ));
    stop.cancelled().await;
    sim.stop().await;
    if let Err(error) = fs::remove_file(&ca) {
        tracing::debug!(%error, "the stream's certificate stays where it was written");
    }
    Ok(())
}

fn vehicle((number, wanted): (u32, &SimulatedVehicle)) -> SimVehicle {
    SimVehicle {
        life: wanted.life,
        ..SimVehicle::numbered(wanted.kind, number)
    }
}

/// The same file for the same port, so that a pipeline file stays right.
fn authority_file(stream_url: &str) -> PathBuf {
    let port = stream_url.rsplit(':').next().unwrap_or_default();
    std::env::temp_dir().join(format!("cardata-sim-{port}-ca.pem"))
}

/// Writes a new file: whatever lay there, a link of somebody else included, is replaced and not followed.
fn write_afresh(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_car_is_a_kind_and_perhaps_a_life() {
        let wanted = |text: &str| text.parse::<SimulatedVehicle>();
        let twin = vehicle((1, &wanted("british_bare:7").unwrap()));
        assert_eq!(
            (twin.kind.name(), twin.life, twin.vin.as_str()),
            ("british_bare", Some(7), "WBY71AW050FP12346")
        );
        assert_eq!(vehicle((0, &wanted("i4").unwrap())), SimVehicle::default());
        for wrong in ["i3", "i4:", "i4:one", ""] {
            assert!(wanted(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_replaces_what_is_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for text in ["first", "second, and longer", "3"] {
            write_afresh(&path, text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let expected = std::env::temp_dir().join("cardata-sim-8911-ca.pem");
        assert_eq!(authority_file("mqtts://localhost:8911"), expected);
    }
}

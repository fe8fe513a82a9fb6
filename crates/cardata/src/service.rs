//! What a service manager is told (`Type=notify` of systemd): that the pipeline runs, that it is alive, that it stops. Where
//! there is none, nobody is told.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// A service manager that listens.
#[derive(Debug, Default)]
pub struct Service {
    #[cfg(unix)]
    socket: Option<std::os::unix::net::UnixDatagram>,
    /// How often it wants to hear that the program is alive.
    alive: Option<Duration>,
}

impl Service {
    /// As the environment names it.
    pub fn of_environment() -> Self {
        Self {
            #[cfg(unix)]
            socket: std::env::var_os("NOTIFY_SOCKET").and_then(|address| connect(&address).ok()),
            alive: alive(|name| std::env::var(name).ok()),
        }
    }

    /// Tells that the pipeline runs, and until this is dropped that it is alive, and that it stops.
    pub async fn watch(self, stop: CancellationToken) {
        self.tell("READY=1");
        let mut stopping = false;
        loop {
            tokio::select! {
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.tell("STOPPING=1");
                }
                () = tokio::time::sleep(self.alive.unwrap_or(Duration::MAX)) => self.tell("WATCHDOG=1"),
            }
        }
    }

    fn tell(&self, state: &str) {
        #[cfg(unix)]
        if let Some(socket) = &self.socket {
            // A manager that does not listen is none.
            let _ = socket.send(state.as_bytes());
        }
        #[cfg(not(unix))]
        let _ = state;
    }
}

#[cfg(unix)]
fn connect(address: &std::ffi::OsStr) -> std::io::Result<std::os::unix::net::UnixDatagram> {
    let socket = std::os::unix::net::UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    #[cfg(target_os = "linux")]
    if let [b'@', name @ ..] = std::os::unix::ffi::OsStrExt::as_bytes(address) {
        use std::os::linux::net::SocketAddrExt;
        let address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        socket.connect_addr(&address)?;
        return Ok(socket);
    }
    socket.connect(address)?;
    Ok(socket)
}

/// Half of what a watchdog waits, if it watches this process.
fn alive(variable: impl Fn(&str) -> Option<String>) -> Option<Duration> {
    let ours = variable("WATCHDOG_PID").is_none_or(|id| id == std::process::id().to_string());
    let microseconds = variable("WATCHDOG_USEC")?.parse().ok()?;
    (ours && microseconds > 0).then(|| Duration::from_micros(microseconds) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watchdog_of_ours_is_told_twice_as_often_as_it_waits() {
        let own = std::process::id().to_string();
        let of = |microseconds: &str, id: Option<&str>| {
            alive(|name| match name {
                "WATCHDOG_USEC" => Some(microseconds.to_owned()),
                _ => id.map(str::to_owned),
            })
        };
        let minute = Some(Duration::from_secs(60));
        assert_eq!(of("120000000", Some(&own)), minute);
        assert_eq!(of("120000000", None), minute);
        assert_eq!(of("120000000", Some("1")), None);
        assert_eq!(of("0", None), None);
        assert_eq!(of("soon", None), None);
        assert_eq!(alive(|_| None), None);
    }
}

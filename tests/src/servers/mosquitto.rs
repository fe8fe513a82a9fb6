//! mosquitto, the MQTT broker, over TLS with an authority of its own that nobody else trusts.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::daemon::{Daemon, Health};

/// A running mosquitto. Takes any user and password.
pub struct Mosquitto {
    daemon: Daemon,
    program: PathBuf,
    options: String,
    /// The certificate of the authority, and one for `localhost` and `127.0.0.1` with its key, in PEM.
    certificates: Certificates,
}

struct Certificates {
    ca: String,
    certificate: String,
    key: String,
}

impl Mosquitto {
    /// A broker with its defaults; `None` when tests against servers are left out.
    pub async fn start() -> Option<Self> {
        Self::with(&[]).await
    }

    /// A broker with more lines in its configuration.
    pub async fn with(options: &[&str]) -> Option<Self> {
        let program = super::find("mosquitto", "CARDATA_TEST_MOSQUITTO")?;
        let certificates = Certificates::make();
        let options = options.join("\n");
        let daemon = Daemon::start(
            |folder, port| command(&program, &options, &certificates, folder, port),
            Health::Listening,
        )
        .await;
        Some(Self {
            daemon,
            program,
            options,
            certificates,
        })
    }

    /// `mqtts://localhost:PORT`.
    pub fn url(&self) -> String {
        format!("mqtts://localhost:{}", self.daemon.port())
    }

    pub fn port(&self) -> u16 {
        self.daemon.port()
    }

    /// The file of the certificate (PEM) that vouches for the broker.
    pub fn ca(&self) -> PathBuf {
        self.daemon.folder().join("ca.pem")
    }

    /// The same certificate as text.
    pub fn ca_pem(&self) -> &str {
        &self.certificates.ca
    }

    /// Everything that it has said since it was first started.
    pub fn log(&self) -> String {
        self.daemon.log()
    }

    /// The process, for what the system tells of it.
    pub fn process(&self) -> u32 {
        self.daemon.process()
    }

    /// The broker is gone at once; sessions and retained messages with it, unless its options keep them.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) {
        let (program, options, certificates) = (&self.program, &self.options, &self.certificates);
        let again = |folder: &Path, port| command(program, options, certificates, folder, port);
        self.daemon.start_again(again, Health::Listening).await;
    }
}

fn command(program: &Path, options: &str, certificates: &Certificates, folder: &Path, port: u16) -> Command {
    certificates.write(folder);
    let path = folder.join("mosquitto.conf");
    // As root it would become a user who may not read its folder; others cannot and do not change.
    let listener = format!(
        "user root\nallow_anonymous true\nlistener {port} 127.0.0.1\ncertfile {0}/server.pem\nkeyfile {0}/server.key\n{options}\n",
        folder.display()
    );
    fs::write(&path, listener).expect("the broker's configuration can be written");
    let mut command = Command::new(program);
    command.arg("-c").arg(path);
    if let Some(libraries) = libraries(program) {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    command
}

/// The libraries that were unpacked beside the program.
fn libraries(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?.parent()?.join("lib");
    (folder != Path::new("/usr/lib") && folder.is_dir()).then_some(folder)
}

impl Certificates {
    fn make() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let authority = CertifiedIssuer::self_signed(authority, key).expect("an authority can sign itself");
        let key = KeyPair::generate().expect("a key can be made");
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certificate = CertificateParams::new(names)
            .and_then(|params| params.signed_by(&key, &authority))
            .expect("an authority can sign a certificate");
        Self {
            ca: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    fn write(&self, folder: &Path) {
        for (name, text) in [
            ("ca.pem", &self.ca),
            ("server.pem", &self.certificate),
            ("server.key", &self.key),
        ] {
            fs::write(folder.join(name), text).expect("a certificate can be written");
        }
    }
}

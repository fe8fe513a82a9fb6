//! A program of somebody else: subscribes, and remembers what comes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::servers::Mosquitto;
use rumqttc::{
    AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions, QoS, TlsConfiguration, Transport,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Generous: on an idle machine everything is there within a second.
const DEADLINE: Duration = Duration::from_secs(60);

/// One message, as it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub topic: String,
    pub payload: String,
    /// Whether the broker had kept it.
    pub retained: bool,
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.payload).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A connected subscriber.
pub struct Subscriber {
    client: AsyncClient,
    heard: Arc<Mutex<Vec<Heard>>>,
    count: watch::Receiver<usize>,
    task: JoinHandle<()>,
    marks: usize,
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Subscriber {
    /// Returns when the broker has taken the subscription.
    pub async fn start(broker: &Mosquitto, filter: &str) -> Self {
        Self::start_with(broker, filter, None).await
    }

    pub async fn start_with(broker: &Mosquitto, filter: &str, login: Option<(&str, &str)>) -> Self {
        let (client, mut connection) = connect(broker, login);
        client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        client.subscribe("mark/+", QoS::AtLeastOnce).await.unwrap();
        let mut granted = 0;
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let (report, count) = watch::channel(0);
        let keep = |heard: &Mutex<Vec<Heard>>, report: &watch::Sender<usize>, packet: Packet| {
            if let Packet::Publish(message) = packet {
                let mut heard = heard.lock().unwrap();
                heard.push(Heard {
                    topic: String::from_utf8(message.topic.to_vec()).unwrap(),
                    payload: String::from_utf8(message.payload.to_vec()).unwrap(),
                    retained: message.retain,
                });
                report.send_replace(heard.len());
            }
        };
        while granted < 2 {
            match connection.poll().await.expect("the broker is there") {
                Event::Incoming(Packet::SubAck(_)) => granted += 1,
                Event::Incoming(packet) => keep(&heard, &report, packet),
                Event::Outgoing(_) => {}
            }
        }
        let task = tokio::spawn({
            let heard = Arc::clone(&heard);
            async move {
                while let Ok(event) = connection.poll().await {
                    if let Event::Incoming(packet) = event {
                        keep(&heard, &report, packet);
                    }
                }
            }
        });
        Self {
            client,
            heard,
            count,
            task,
            marks: 0,
        }
    }

    /// Everything that came, up to now as the broker sees it: what was acknowledged before is in it.
    pub async fn all(&mut self) -> Vec<Heard> {
        self.marks += 1;
        let mark = format!("mark/{}", self.marks);
        self.publish(&mark, "", false).await;
        let all = self.until(|heard| heard.iter().any(|it| it.topic == mark)).await;
        all.into_iter()
            .filter(|it| !it.topic.starts_with("mark/"))
            .collect()
    }

    /// Waits until what came is as expected.
    pub async fn until(&mut self, expected: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        let heard = Arc::clone(&self.heard);
        let waited = self.count.wait_for(|_| expected(&heard.lock().unwrap()));
        let waited = tokio::time::timeout(DEADLINE, waited).await.map(|it| it.is_ok());
        let heard = self.heard.lock().unwrap().clone();
        assert!(waited == Ok(true), "not as expected: {heard:#?}");
        heard
    }

    /// Publishes as any other program would.
    pub async fn publish(&self, topic: &str, payload: &str, retain: bool) {
        let options = PublishOptions::new(QoS::AtLeastOnce).retain(retain);
        let published = self.client.publish_tracked(topic, payload.to_owned(), options);
        published.await.unwrap().wait_completion_async().await.unwrap();
    }
}

/// What the broker keeps for a newcomer: topic and payload.
pub async fn kept(broker: &Mosquitto, filter: &str) -> BTreeMap<String, Heard> {
    let mut newcomer = Subscriber::start(broker, filter).await;
    let all = newcomer.all().await.into_iter().filter(|it| it.retained);
    all.map(|it| (it.topic.clone(), it)).collect()
}

fn connect(broker: &Mosquitto, login: Option<(&str, &str)>) -> (AsyncClient, EventLoop) {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let mut options = MqttOptions::new(format!("stranger-{number}"), ("localhost", broker.port()));
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(broker.ca_pem().as_bytes()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(
        config,
    ))));
    options.set_max_packet_size(4_000_000, 4_000_000);
    if let Some((user, password)) = login {
        options.set_credentials(user.to_owned(), password.to_owned());
    }
    AsyncClient::builder(options).build()
}

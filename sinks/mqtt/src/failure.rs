//! What a failed connection means: whether it passes by itself, and what a person is to do.

use std::error::Error;
use std::io;

use collector_core::{BrokerAddress, SinkError};
use rumqttc::{ConnectReturnCode, ConnectionError, TlsError};
use rustls::{CertificateError, Error as Tls};

/// The error of a connection that could not be made or has ended. The texts hold no login.
pub fn failure(error: &ConnectionError, address: &BrokerAddress) -> SinkError {
    match error {
        ConnectionError::ConnectionRefused(code) => refused(*code, address),
        ConnectionError::Tls(TlsError::TLS(error)) => certificate(error, address),
        ConnectionError::Tls(TlsError::Io(error)) => io("secure connection", error, address),
        ConnectionError::Tls(error) => no_connection("secure connection", error, address),
        ConnectionError::Io(error) => io("connection", error, address),
        ConnectionError::MqttState(error) => broken_off(error, address),
        error => no_connection("connection", error, address),
    }
}

fn refused(code: ConnectReturnCode, address: &BrokerAddress) -> SinkError {
    let reason = match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            "refuses the login: check `user` and `password`, and that this user may connect with this `client_id`"
        }
        ConnectReturnCode::BadClientId => "refuses the client's name: choose another `client_id`",
        ConnectReturnCode::RefusedProtocolVersion => "does not speak MQTT 3.1.1: allow it there",
        _ => return SinkError::transient(format!("the broker at {address} is not ready")),
    };
    SinkError::misconfigured(format!("the broker at {address} {reason}"))
}

fn io(kind: &str, error: &io::Error, address: &BrokerAddress) -> SinkError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>()) {
        Some(error) => certificate(error, address),
        None => no_connection(kind, error, address),
    }
}

/// A broker of MQTT 3.1.1 has no other way to say that something does not suit it.
fn broken_off(error: &dyn Error, address: &BrokerAddress) -> SinkError {
    let advice = match address.is_encrypted() {
        true => "",
        false => ", or it speaks TLS on this port (`mqtts://`)",
    };
    SinkError::transient(format!(
        "the connection to the broker at {address} broke off: {error}. Where it goes on so, the broker's log says why: it may \
         take no messages as large (`max_packet_size`), or know another client of this `client_id`{advice}"
    ))
}

fn no_connection(kind: &str, error: &dyn Error, address: &BrokerAddress) -> SinkError {
    SinkError::transient(format!("no {kind} to the broker at {address}: {error}"))
}

fn certificate(error: &Tls, address: &BrokerAddress) -> SinkError {
    let advice = match error {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => {
            "name the certificate of its authority in `ca`"
        }
        Tls::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => "write the name in `url` that its certificate has",
        Tls::InvalidCertificate(_) => "have its certificate renewed or corrected",
        Tls::InvalidMessage(_) => "it speaks no TLS on this port; `mqtt://` is the scheme for that",
        _ => return no_connection("secure connection", error, address),
    };
    SinkError::misconfigured(format!(
        "the broker at {address} is not trusted: {error}; {advice}"
    ))
}

#[cfg(test)]
mod tests {
    use rumqttc::StateError;

    use super::*;

    #[test]
    fn a_broker_that_hangs_up_may_have_a_reason() {
        for (url, may_be_tls) in [("mqtt://localhost", true), ("mqtts://localhost", false)] {
            let error = ConnectionError::MqttState(StateError::ConnectionAborted);
            let SinkError::Transient { reason, .. } = failure(&error, &url.parse().unwrap()) else {
                panic!("it may pass");
            };
            assert!(reason.contains("max_packet_size"), "{reason}");
            assert_eq!(reason.contains("TLS"), may_be_tls, "{reason}");
        }
    }
}

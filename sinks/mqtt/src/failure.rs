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

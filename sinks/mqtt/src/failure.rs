//! What a failed connection means: whether it passes by itself, and what a person is to do.

use collector_core::{BrokerAddress, SinkError};
use rumqttc::{ConnectReturnCode, ConnectionError, TlsError};
use rustls::{CertificateError, Error as Tls};

/// The error of a connection that could not be made or has ended. The texts hold no login.
pub fn failure(error: &ConnectionError, address: &BrokerAddress) -> SinkError {
    match error {
        ConnectionError::ConnectionRefused(code) => refused(*code, address),
        ConnectionError::Tls(error) => tls(error, address),
        ConnectionError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>()) {
            Some(error) => certificate(error, address),
            None => SinkError::transient(format!("no connection to the broker at {address}: {error}")),
        },
        other => SinkError::transient(format!("no connection to the broker at {address}: {other}")),
    }
}

/// A connection that was there is gone.
pub fn lost(address: &BrokerAddress) -> SinkError {
    SinkError::transient(format!("the connection to the broker at {address} broke"))
}

fn refused(code: ConnectReturnCode, address: &BrokerAddress) -> SinkError {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            SinkError::misconfigured(format!(
                "the broker at {address} refuses the login: check `user` and `password`, and that this user may \
                 connect with this `client_id`"
            ))
        }
        ConnectReturnCode::BadClientId => SinkError::misconfigured(format!(
            "the broker at {address} refuses the client's name: choose another `client_id`"
        )),
        ConnectReturnCode::RefusedProtocolVersion => SinkError::misconfigured(format!(
            "the broker at {address} does not speak MQTT 3.1.1: allow it there"
        )),
        _ => SinkError::transient(format!("the broker at {address} is not ready")),
    }
}

fn tls(error: &TlsError, address: &BrokerAddress) -> SinkError {
    match error {
        TlsError::TLS(error) => certificate(error, address),
        TlsError::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<Tls>()) {
            Some(error) => certificate(error, address),
            None => SinkError::transient(format!(
                "no secure connection to the broker at {address}: {error}"
            )),
        },
        other => SinkError::transient(format!(
            "no secure connection to the broker at {address}: {other}"
        )),
    }
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
        _ => {
            return SinkError::transient(format!(
                "no secure connection to the broker at {address}: {error}"
            ));
        }
    };
    SinkError::misconfigured(format!(
        "the broker at {address} is not trusted: {error}; {advice}"
    ))
}

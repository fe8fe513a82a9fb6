//! What a client says, judged and answered as BMW's broker does (MQTT 3.1.1).

use std::time::Duration;

use bytes::BytesMut;
use jiff::Timestamp;
use rumqttc::mqttbytes::v4::{
    ConnAck, Connect, ConnectAuth, ConnectReturnCode, Packet, SubAck, Subscribe, SubscribeFilter,
    SubscribeReasonCode, UnsubAck, Unsubscribe,
};
use rumqttc::mqttbytes::{Error, QoS};

use super::broker::{Ending, advance};
use super::record::StreamLogin;
use super::session::Session;
use crate::world::World;

/// The scope without which a token opens no stream.
const STREAM_SCOPE: &str = "cardata:streaming:read";
/// The largest packet that a client may send.
const LARGEST: usize = 64 * 1_024;
/// The longest silence that is borne, in real time. A client may promise to be heard sooner; one and a half times
/// that is then the limit.
const SILENCE: Duration = Duration::from_secs(60);

/// The connection is given up: the client said goodbye, was refused or broke a rule.
pub(super) struct Over;

/// Reads what has arrived on a line to the last whole packet, in one go. Returns how long a client that is logged in
/// may now be silent.
///
/// # Errors
///
/// The connection is over.
pub(super) fn received(
    world: &mut World,
    number: u64,
    bytes: &mut BytesMut,
    now: Timestamp,
) -> Result<Option<Duration>, Over> {
    advance(world, now);
    loop {
        let packet = match Packet::read(bytes, LARGEST) {
            Ok(packet) => packet,
            Err(Error::InsufficientBytes(_)) => {
                let session = world.stream.session(number);
                return Ok(session.map(|session| session.keep_alive));
            }
            Err(Error::InvalidProtocolLevel(level)) => {
                answer_login(world, number, ConnectReturnCode::RefusedProtocolVersion, false);
                let reason = format!("the protocol level {level} is not 4");
                return Err(violation(world, "CONNECT", now, reason));
            }
            Err(error) => {
                let reason = format!("no packet of MQTT 3.1.1: {error}");
                return Err(violation(world, "MQTT", now, reason));
            }
        };
        let login = matches!(packet, Packet::Connect(_));
        if world.config.stream.only_plain_logins
            && let Packet::Connect(connect) = &packet
            && (!connect.clean_session || !bytes.is_empty())
        {
            return Err(Over);
        }
        handle(world, number, packet, now)?;
        if login && world.config.stream.drops_early_packets {
            bytes.clear();
        }
    }
}

fn handle(world: &mut World, number: u64, packet: Packet, now: Timestamp) -> Result<(), Over> {
    let known = world.stream.session(number).is_some();
    match packet {
        Packet::Connect(connect) if !known => return log_in(world, number, connect, now),
        Packet::Subscribe(subscribe) if known => subscribe_to(world, number, subscribe, now),
        Packet::Unsubscribe(unsubscribe) if known => unsubscribe_from(world, number, &unsubscribe),
        Packet::PingReq if known => world.stream.answer(number, &Packet::PingResp),
        Packet::PubAck(acknowledgement) if known => {
            if world.stream.acknowledge(number, acknowledgement.pkid).is_err() {
                violation(world, "PUBACK", now, "nothing was sent under this number");
            }
        }
        Packet::Disconnect if known => return Err(Over),
        other => {
            let reason = match (&other, known) {
                (Packet::Connect(_), _) => "the client has logged in already",
                (_, false) => "the client has not logged in",
                (Packet::Publish(_), _) => "clients may not publish",
                _ => "clients do not send this",
            };
            return Err(violation(world, name(&other), now, reason));
        }
    }
    Ok(())
}

fn name(packet: &Packet) -> &'static str {
    match packet {
        Packet::Connect(_) => "CONNECT",
        Packet::Subscribe(_) => "SUBSCRIBE",
        Packet::Unsubscribe(_) => "UNSUBSCRIBE",
        Packet::Publish(_) => "PUBLISH",
        Packet::PingReq => "PINGREQ",
        Packet::PubAck(_) => "PUBACK",
        Packet::Disconnect => "DISCONNECT",
        _ => "MQTT",
    }
}

fn log_in(world: &mut World, number: u64, connect: Connect, now: Timestamp) -> Result<(), Over> {
    let persistent = world.config.stream.kept_sessions && !connect.clean_session;
    let granted = admit(world, &connect.auth, now);
    let (mut evicted, mut present) = (false, false);
    if let Ok(expires) = granted {
        let keep_alive = match connect.keep_alive {
            0 => SILENCE,
            promised => Duration::from_secs(u64::from(promised)).mul_f64(1.5).min(SILENCE),
        };
        // First the other's end: what it leaves may be this client's.
        evicted = world.stream.end_live(Ending::Orderly);
        let kept = world.stream.take_kept(&connect.client_id, persistent);
        present = kept.is_some();
        let session = Session::new(connect.client_id.clone(), persistent, expires, keep_alive, kept);
        world.stream.log_in(number, session);
    }
    let code = granted.err().unwrap_or(ConnectReturnCode::Success);
    answer_login(world, number, code, present);
    world.stream.log.logins.push(StreamLogin {
        at: now,
        client_id: connect.client_id,
        code: code as u8,
        evicted,
    });
    granted.map(drop).map_err(|_| Over)
}

fn answer_login(world: &mut World, number: u64, code: ConnectReturnCode, present: bool) {
    let answer = Packet::ConnAck(ConnAck::new(code, present));
    world.stream.answer(number, &answer);
}

/// When the login ends. Whoever is unknown has bad credentials, whoever is known and may not is not authorised.
fn admit(world: &mut World, auth: &ConnectAuth, now: Timestamp) -> Result<Timestamp, ConnectReturnCode> {
    const UNKNOWN: ConnectReturnCode = ConnectReturnCode::BadUserNamePassword;
    const REFUSED: ConnectReturnCode = ConnectReturnCode::NotAuthorized;
    let ConnectAuth::UsernamePassword { username, password } = auth else {
        return Err(UNKNOWN);
    };
    if *username != world.login.gcid {
        return Err(UNKNOWN);
    }
    let token = std::str::from_utf8(password).map_err(|_| UNKNOWN)?;
    let token = world.login.id.get(token).ok_or(UNKNOWN)?;
    if now >= token.expires || !token.scope.split(' ').any(|scope| scope == STREAM_SCOPE) {
        return Err(REFUSED);
    }
    let refusals = &mut world.stream.refusals;
    if refusals.left > 0 && token.number <= refusals.last_token {
        refusals.left -= 1;
        return Err(REFUSED);
    }
    Ok(token.expires)
}

fn subscribe_to(world: &mut World, number: u64, subscribe: Subscribe, now: Timestamp) {
    let mut return_codes = Vec::new();
    for filter in subscribe.filters {
        if !is_own(world, &filter.path) {
            let reason = "only `{gcid}/{vin}` and `{gcid}/+` can be subscribed to";
            violation(world, "SUBSCRIBE", now, reason);
            return_codes.push(SubscribeReasonCode::Failure);
            continue;
        }
        let qos = match filter.qos {
            QoS::AtMostOnce => QoS::AtMostOnce,
            _ => QoS::AtLeastOnce,
        };
        if let Some(session) = world.stream.session(number) {
            session.subscribe(SubscribeFilter::new(filter.path, qos));
        }
        return_codes.push(SubscribeReasonCode::Success(qos));
    }
    let answer = Packet::SubAck(SubAck::new(subscribe.pkid, return_codes));
    world.stream.answer(number, &answer);
}

/// Whether a topic is that of one of the owner's vehicles, or of all of them.
fn is_own(world: &World, path: &str) -> bool {
    let rest = path.strip_prefix(&world.login.gcid);
    let Some(vin) = rest.and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    let mut cars = world.cars.iter().map(|car| &car.vehicle);
    vin == "+" || cars.any(|vehicle| vehicle.vin == vin && vehicle.mapping.is_owners())
}

fn unsubscribe_from(world: &mut World, number: u64, unsubscribe: &Unsubscribe) {
    if let Some(session) = world.stream.session(number) {
        let filters = &mut session.kept.filters;
        filters.retain(|filter| !unsubscribe.topics.contains(&filter.path));
    }
    let answer = Packet::UnsubAck(UnsubAck::new(unsubscribe.pkid));
    world.stream.answer(number, &answer);
}

/// Logs a broken rule; the connection may be over by it.
fn violation(world: &mut World, method: &str, now: Timestamp, reason: impl Into<String>) -> Over {
    world.log.violation(now, method, "stream", reason);
    Over
}

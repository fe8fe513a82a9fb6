//! The test's hand on the stream.

use super::broker::{Ending, advance};
use super::config::Selection;
use super::record::{Stray, StreamLogin, Streamed};
use super::session::Message;
use super::stray::{Burst, stray};
use crate::control::Control;
use crate::world::World;

/// How many messages of a burst are made before others may act.
const PIECE: usize = 500;

impl Control {
    /// The account's GCID: the user name of the stream, and the first level of its topics.
    pub fn gcid(&self) -> String {
        self.shared.world().login.gcid.clone()
    }

    /// Publishes any payload about a vehicle. Says whether somebody was subscribed.
    pub fn publish(&self, vin: &str, payload: impl Into<Vec<u8>>) -> bool {
        let payload = payload.into();
        self.on_stream(|world| {
            let message = Message::new(&world.login.gcid, vin, payload);
            world.stream.publish(&message, world.config.stream.delivery)
        })
    }

    /// Publishes an odd message about the first vehicle. Says whether somebody was subscribed.
    pub fn stray(&self, kind: Stray) -> bool {
        let now = self.now();
        self.on_stream(|world| {
            let Some(car) = world.cars.first() else {
                return false;
            };
            let message = stray(kind, &world.login.gcid, &car.vehicle.vin, now);
            world.stream.publish(&message, world.config.stream.delivery)
        })
    }

    /// Publishes so many good messages about the first vehicle as fast as they can be made. No two say the same, nor do
    /// those of two bursts.
    pub fn burst(&self, messages: usize) {
        let now = self.now();
        let before = self.on_stream(|world| {
            let newest = now.as_second() + 1;
            let before = world.stream.burst.map_or(newest, |earlier| earlier.min(newest));
            let burst = Burst::new(world.cars.first()?, &world.login.gcid, now, before);
            world.stream.burst = Some(before - burst.seconds(messages));
            Some(before)
        });
        let Some(before) = before else { return };
        for first in (0..messages).step_by(PIECE) {
            let world = &mut *self.shared.world();
            let Some(car) = world.cars.first() else { return };
            let burst = Burst::new(car, &world.login.gcid, now, before);
            for number in first..messages.min(first + PIECE) {
                if let Some(message) = burst.message(number) {
                    world.stream.publish(&message, world.config.stream.delivery);
                }
            }
        }
    }

    /// From now on the owner has selected these keys in the portal.
    pub fn select(&self, selection: Selection) {
        self.on_stream(|world| world.config.stream.selection = selection);
    }

    /// The connection of whoever is logged in breaks without a word. Says whether there was one.
    pub fn drop_stream(&self) -> bool {
        self.on_stream(|world| world.stream.end_live(Ending::Abrupt))
    }

    /// Another client of the account logs in: whoever was logged in is thrown out. Says whether there was one.
    pub fn evict(&self) -> bool {
        self.on_stream(|world| world.stream.end_live(Ending::Orderly))
    }

    /// The next `logins` to the stream are refused with return code 5 though their tokens have not expired. Tokens of a
    /// later refresh are taken at once.
    pub fn refuse_streams(&self, logins: u32) {
        self.on_stream(|world| {
            world.stream.refusals.left = logins;
            world.stream.refusals.last_token = world.login.last_id;
        });
    }

    /// The broker is gone: connections break, and no new ones are taken.
    pub fn stop_stream(&self) {
        self.on_stream(|world| {
            world.stream.end_all(Ending::Abrupt);
            world.stream.closed.send_replace(true);
        });
    }

    /// The broker is back on its port.
    pub fn start_stream(&self) {
        self.on_stream(|world| {
            world.stream.closed.send_if_modified(std::mem::take);
        });
    }

    /// Whether somebody is logged in to the stream.
    pub fn is_streaming(&self) -> bool {
        self.on_stream(|world| world.stream.is_live())
    }

    /// Every message that was handed to a subscribed connection, in order. What was said while nobody was subscribed
    /// is not there. Empty without `log` in the configuration.
    pub fn streamed(&self) -> Vec<Streamed> {
        self.on_stream(|world| world.stream.log.streamed.clone())
    }

    /// How many messages were published while nobody was subscribed to them, since the first login.
    pub fn unheard(&self) -> u64 {
        self.on_stream(|world| world.stream.log.unheard)
    }

    /// How many connections were closed because their address had opened too many in a minute.
    pub fn turned_away(&self) -> u64 {
        self.on_stream(|world| world.stream.window.closed)
    }

    /// Every login to the stream that was granted or refused, in order.
    pub fn stream_logins(&self) -> Vec<StreamLogin> {
        self.on_stream(|world| world.stream.log.logins.clone())
    }

    /// Does something once everything was published that is due.
    fn on_stream<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let now = self.now();
        let world = &mut *self.shared.world();
        advance(world, now);
        act(world)
    }
}

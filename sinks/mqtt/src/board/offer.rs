//! Polls for the asking, as the board knows of them: which vehicle is meant, and the button that Home Assistant is told of.

use collector_core::{Vehicle, Vin};
use jiff::Timestamp;

use super::Board;
use crate::car::Car;
use crate::message::Message;

impl Board {
    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.present.now()
    }

    /// The vehicle that a level of a topic stands for.
    pub fn vehicle_of(&self, level: &str) -> Option<Vin> {
        let is_it = |car: &&Car| self.topics.is_level_of(level, &car.vehicle);
        self.cars.values().find(is_it).map(|car| car.vehicle.vin.clone())
    }

    /// The button for a vehicle of which Home Assistant was not told before.
    pub fn offer(&mut self, vehicle: &Vehicle) -> Option<Message> {
        let car = Self::car(&mut self.cars, vehicle);
        let is_new = !std::mem::replace(&mut car.is_offered, true);
        let car = &self.cars[&vehicle.vin];
        self.button(car).filter(|_| is_new)
    }

    pub(super) fn button(&self, car: &Car) -> Option<Message> {
        let is_shown = self.topics.announces && self.takes_demands;
        is_shown.then(|| car.announcer(&self.topics).poll())
    }
}

//! Cars that drive, charge and tell of it.

mod post;

use collector_core::Value;

pub const MINUTE: i64 = 60_000;
const DAY: i64 = 1_440;
/// 2026-02-02T00:00:00Z, a Monday, in minutes.
const BEGIN: i64 = 29_500_000 - 29_500_000 % DAY;

const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const PLUG: &str = "vehicle.body.chargingPort.status";
const PLUG_POLLED: &str = "vehicle.body.chargingPort.combinedStatus";
const PLUG_EVENT: &str = "vehicle.body.chargingPort.plugEventId";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const MOVING: &str = "vehicle.isMoving";
const MAX_ENERGY: &str = "vehicle.drivetrain.batteryManagement.maxEnergy";
const CONDITIONING: &str = "vehicle.vehicle.preConditioning.activity";

/// What a kind of cars tells, and how.
pub struct Kind {
    pub name: &'static str,
    soc: &'static str,
    status: &'static str,
    plug: Option<&'static str>,
    moves: bool,
    power: bool,
    miles: bool,
    capacity: f64,
    /// It tells everything at unlock and lock, and nothing in between.
    pub wakes_only: bool,
}

const BASE: Kind = Kind {
    name: "old head unit",
    soc: HEADER,
    status: STATUS,
    plug: Some(PLUG),
    moves: true,
    power: true,
    miles: false,
    capacity: 70.0,
    wakes_only: false,
};

pub const KINDS: &[Kind] = &[
    BASE,
    Kind {
        name: "i5",
        moves: false,
        capacity: 81.0,
        ..BASE
    },
    Kind {
        name: "Neue Klasse",
        soc: DISPLAYED,
        plug: Some(PLUG_POLLED),
        moves: false,
        capacity: 108.0,
        ..BASE
    },
    Kind {
        name: "plug-in hybrid",
        status: HV_STATUS,
        power: false,
        capacity: 12.0,
        ..BASE
    },
    Kind {
        name: "British",
        miles: true,
        moves: false,
        ..BASE
    },
    Kind {
        name: "old iDrive",
        moves: false,
        power: false,
        wakes_only: true,
        ..BASE
    },
];

/// A session as it was, in minutes.
pub struct Charged {
    pub start: i64,
    pub end: i64,
    pub kwh: f64,
    blocks: Vec<(i64, i64, f64)>,
    soc: (f64, f64),
    km: f64,
}

type Told = (&'static str, Value);

/// A car in its world.
pub struct Car<'a> {
    pub kind: &'a Kind,
    now: i64,
    soc: f64,
    km: f64,
    plugs: f64,
    charge: Option<Charged>,
    pub truth: Vec<Charged>,
    /// Plug-ins that charged so little that no car need tell of them, in minutes.
    pub trifles: Vec<(i64, i64)>,
    /// In the order of time: minute and what was told then.
    said: Vec<(i64, Vec<Told>)>,
    random: u64,
}

impl<'a> Car<'a> {
    pub fn new(kind: &'a Kind) -> Self {
        let mut car = Self {
            kind,
            now: BEGIN,
            soc: 60.0,
            km: 20_000.0,
            plugs: 4.0,
            charge: None,
            truth: Vec::new(),
            trifles: Vec::new(),
            said: Vec::new(),
            random: 7,
        };
        let told = vec![
            (MAX_ENERGY, Value::Number(kind.capacity)),
            car.told_soc(),
            car.told_km(),
        ];
        car.say(told);
        car
    }

    /// From 0 up to, but not, 1.
    fn chance(&mut self) -> f64 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) as f64 / f64::from(1_u32 << 31)
    }

    fn say(&mut self, told: Vec<Told>) {
        self.said.push((self.now, told));
    }

    fn told_soc(&self) -> Told {
        (self.kind.soc, Value::Number(self.soc.round()))
    }

    fn told_km(&self) -> Told {
        let km = if self.kind.miles {
            (self.km / 1.609_344).floor() * 1.609_344
        } else {
            self.km.floor()
        };
        (ODOMETER, Value::Number(km))
    }

    fn told_status(&self, word: &str) -> Told {
        let word = match (self.kind.status, word) {
            (HV_STATUS, "CHARGINGACTIVE") => "CHARGING",
            (HV_STATUS, "CHARGINGPAUSED") => "WAITING_FOR_CHARGING",
            (HV_STATUS, "CHARGINGENDED") => "FINISHED_NOT_FULL",
            (HV_STATUS, "NOCHARGING") => "NOT_CHARGING",
            (_, word) => word,
        };
        (self.kind.status, Value::Text(word.into()))
    }

    fn told_plug(&self, word: &str) -> Option<Told> {
        self.kind.plug.map(|key| (key, Value::Text(word.into())))
    }

    fn talks(&self) -> bool {
        !self.kind.wakes_only
    }

    fn drive(&mut self, minutes: i64, km: f64) {
        self.now += 1;
        let mut told = vec![self.told_soc(), self.told_km()];
        if self.kind.moves {
            told.push((MOVING, Value::Bool(true)));
        }
        // Unlocked.
        self.say(told);
        let used = km * 0.18 / self.kind.capacity * 100.0;
        for minute in 1..=minutes {
            self.now += 1;
            self.km += km / minutes as f64;
            self.soc = (self.soc - used / minutes as f64).max(4.0);
            if minute % 3 == 0 && self.talks() {
                let told = vec![self.told_soc(), self.told_km()];
                self.say(told);
            }
        }
        let mut told = vec![self.told_soc(), self.told_km()];
        if self.kind.moves {
            told.push((MOVING, Value::Bool(false)));
        }
        self.now += 1;
        // Locked.
        self.say(told);
    }

    fn stand(&mut self, minutes: i64) {
        self.now += minutes;
    }

    fn plug(&mut self) {
        self.now += 1;
        self.plugs += 1.0;
        let mut told: Vec<_> = self.told_plug("CONNECTED").into_iter().collect();
        if self.kind.moves {
            told.push((PLUG_EVENT, Value::Number(self.plugs)));
        }
        if self.talks() {
            self.say(told);
        }
        self.charge = Some(Charged {
            start: 0,
            end: 0,
            kwh: 0.0,
            blocks: Vec::new(),
            soc: (self.soc, self.soc),
            km: self.km,
        });
    }

    fn charge(&mut self, minutes: i64, kw: f64) {
        self.now += 1;
        let start = self.now;
        if self.talks() {
            let told = vec![self.told_status("CHARGINGACTIVE"), self.told_soc()];
            self.say(told);
        }
        let mut minute = 0;
        while minute < minutes && self.soc < 100.0 {
            minute += 1;
            self.now += 1;
            self.soc = (self.soc + kw / 60.0 / self.kind.capacity * 100.0).min(100.0);
            if self.talks() && minute % 3 == 1 {
                let mut told = vec![self.told_soc()];
                if self.kind.power {
                    told.push((POWER, Value::Number(kw * 1_000.0 + self.chance().round())));
                }
                self.say(told);
            }
        }
        let (now, soc) = (self.now, self.soc);
        if let Some(charge) = self.charge.as_mut().filter(|_| now > start) {
            charge.start = if charge.start == 0 { start } else { charge.start };
            charge.end = now;
            charge.kwh += kw * (now - start) as f64 / 60.0;
            charge.soc.1 = soc;
            charge.blocks.push((start, now, kw));
        }
    }

    fn pause(&mut self, minutes: i64, word: &str) {
        if self.talks() {
            let mut told = vec![self.told_status(word), self.told_soc()];
            if self.kind.power {
                told.push((POWER, Value::Number(0.0)));
            }
            self.say(told);
        }
        self.now += minutes;
    }

    fn give_back(&mut self, minutes: i64, kw: f64) {
        for minute in 0..minutes {
            self.now += 1;
            self.soc -= kw / 60.0 / self.kind.capacity * 100.0;
            if minute % 10 == 0 && self.talks() {
                let told = vec![self.told_soc()];
                self.say(told);
            }
        }
    }

    fn unplug(&mut self) {
        self.now += 1;
        let mut told: Vec<_> = self.told_plug("DISCONNECTED").into_iter().collect();
        told.push(self.told_status("NOCHARGING"));
        told.push(self.told_soc());
        self.say(told);
        let Some(charge) = self.charge.take() else { return };
        let enough = 0.06 * self.kind.capacity;
        if charge.kwh > enough {
            self.truth.push(charge);
        } else {
            self.trifles.push((charge.start, charge.end));
        }
    }

    fn until(&mut self, day: i64, hour: i64, minute: i64) {
        self.now = self.now.max(BEGIN + day * DAY + hour * 60 + minute);
    }

    pub fn live(&mut self, days: i64) {
        for day in 0..days {
            let weekend = day % 7 >= 5;
            if weekend && self.chance() < 0.6 {
                self.sunny_day(day);
                continue;
            }
            self.until(day, 7, 30);
            let km = 10.0 + 40.0 * self.chance();
            self.drive(20 + (km * 0.7) as i64, km);
            if day % 9 == 4 && self.kind.capacity > 20.0 {
                self.stand(1);
                self.plug();
                self.charge(25, 90.0);
                self.pause(1, "CHARGINGENDED");
                self.unplug();
                self.stand(2);
                self.drive(40, 60.0);
            } else if self.chance() < 0.3 {
                self.stand(3);
                self.plug();
                self.charge(180, 11.0_f64.min(self.kind.capacity / 3.0));
                self.pause(200, "CHARGINGENDED");
                self.unplug();
            }
            self.until(day, 17, 30);
            self.drive(30, km);
            if self.chance() < 0.75 {
                self.evening(day);
            }
        }
    }

    fn evening(&mut self, day: i64) {
        self.stand(2);
        self.plug();
        let kw = 11.0_f64.min(self.kind.capacity / 3.5);
        match (self.chance() * 4.0) as u8 {
            0 => {
                self.charge(240, kw);
                self.pause(10, "CHARGINGENDED");
            }
            1 => {
                self.charge(50, kw);
                self.pause(240, "CHARGINGPAUSED");
                self.charge(200, kw);
                self.pause(5, "CHARGINGENDED");
            }
            2 if self.soc > 40.0 => {
                self.charge(30, kw);
                self.pause(60, "CHARGINGPAUSED");
                self.give_back(90, kw.min(5.0));
                self.stand(60);
                self.charge(200, kw);
                self.pause(5, "CHARGINGENDED");
            }
            _ => {
                self.pause(300, "CHARGINGPAUSED");
                self.charge(180, kw);
                self.pause(5, "CHARGINGENDED");
            }
        }
        self.until(day + 1, 7, 5);
        if self.talks() {
            self.say(vec![(CONDITIONING, Value::Text("HEATING".into()))]);
        }
        self.stand(15);
        if self.talks() {
            self.say(vec![(CONDITIONING, Value::Text("INACTIVE".into()))]);
        }
        self.unplug();
    }

    /// Forty times of sun.
    fn sunny_day(&mut self, day: i64) {
        self.until(day, 9, 0);
        self.soc = self.soc.min(70.0);
        self.drive(12, 6.0);
        self.stand(1);
        self.plug();
        for _ in 0..40 {
            let minutes = 4 + (self.chance() * 5.0) as i64;
            let kw = 1.4 + self.chance();
            self.charge(minutes, kw);
            let pause = 2 + (self.chance() * 5.0) as i64;
            self.pause(pause, "CHARGINGPAUSED");
        }
        self.pause(30, "CHARGINGENDED");
        self.unplug();
    }
}

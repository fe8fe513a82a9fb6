//! What a car really did: drives, and standing at home, at work and elsewhere. Drawn from a seed alone.

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
/// Midnight of a Monday in March.
pub const BEGIN: i64 = 1_772_409_600_000;

/// One drive, and what became of the car behind it.
#[derive(Debug, Clone)]
pub struct Truth {
    /// In milliseconds since the epoch: when it begins and ends to move.
    pub start: i64,
    pub end: i64,
    pub km: f64,
    /// In kilometres, before it.
    pub odometer: f64,
    /// In percent.
    pub soc_start: f64,
    pub soc_end: f64,
    /// In degrees.
    pub from: (f64, f64),
    pub to: (f64, f64),
    /// When it stands for a light: from and until.
    pub lights: Vec<(i64, i64)>,
    /// When it was plugged in behind it, and out, and to which charge.
    pub plugged: Option<(i64, i64, f64)>,
}

impl Truth {
    /// The share of it that is driven at a time.
    pub fn share(&self, at: i64) -> f64 {
        ((at - self.start) as f64 / (self.end - self.start) as f64).clamp(0.0, 1.0)
    }
}

/// Numbers that look random: SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.roll()
    }

    pub fn hits(&mut self, share: f64) -> bool {
        self.roll() < share
    }

    pub fn seconds(&mut self, low: i64, high: i64) -> i64 {
        self.between(low as f64, high as f64) as i64 * SECOND
    }
}

/// All drives of so many days.
pub fn drives(seed: u64, days: i64) -> Vec<Truth> {
    let mut dice = Dice(seed);
    let mut drives: Vec<Truth> = Vec::new();
    let (mut odometer, mut soc, mut here) = (20_000.0 + dice.between(0.0, 1.0), 80.0_f64, (48.1, 11.5));
    for day in 0..days {
        let mut at = BEGIN + day * DAY + dice.seconds(6 * 3_600, 9 * 3_600);
        let trips = if dice.hits(0.1) {
            0
        } else {
            2 + (dice.roll() * 4.0) as i64
        };
        for trip in 0..trips {
            let km = if dice.hits(0.1) {
                dice.between(60.0, 220.0)
            } else {
                dice.between(0.9, 28.0)
            };
            let kmh = 22.0 + 60.0 * (km / 60.0_f64).min(1.0) + dice.between(0.0, 12.0);
            let end = at + ((km / kmh * 3_600.0) as i64 + 60) * SECOND;
            let used = (km * 0.25).min((soc - 8.0).max(0.5));
            let to = (
                here.0 + km * 0.006 * if trip % 2 == 0 { 1.0 } else { -1.0 },
                here.1 + dice.between(-0.02, 0.02),
            );
            let mut lights = Vec::new();
            let mut light = at + dice.seconds(120, 400);
            while light + 3 * MINUTE < end {
                let waits = dice.seconds(15, 110);
                lights.push((light, light + waits));
                light += waits + dice.seconds(200, 1_500);
            }
            let is_last = trip + 1 == trips;
            let rest = match () {
                () if is_last => 0,
                () if dice.hits(0.25) => dice.seconds(9 * 60, 25 * 60),
                () if dice.hits(0.5) => dice.seconds(30 * 60, 120 * 60),
                () => dice.seconds(2 * 3_600, 4 * 3_600),
            };
            let plugs = is_last && (soc - used < 45.0 || dice.hits(0.3));
            let until = BEGIN + (day + 1) * DAY + 5 * HOUR + dice.seconds(0, 1_800);
            let plugged = plugs.then(|| (end + dice.seconds(90, 200), until, 80.0));
            drives.push(Truth {
                start: at,
                end,
                km,
                odometer,
                soc_start: soc,
                soc_end: soc - used,
                from: here,
                to,
                lights,
                plugged,
            });
            odometer += km;
            soc -= used;
            if plugs {
                soc = 80.0;
            }
            here = to;
            at = end + rest;
            if at > BEGIN + day * DAY + 23 * HOUR {
                break;
            }
        }
    }
    drives
}

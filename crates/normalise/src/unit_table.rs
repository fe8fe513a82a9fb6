//! The units that a car may speak: of what they are, how much, and how else they are spelled.
//!
//! Spellings are of BMW's API, stream, archive and catalogue, and those that other systems give the same units. They are in
//! their [plain](crate::plain) form, in which our own spelling is one too.

/// What a unit measures. Only units of one kind can be converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Share,
    Distance,
    Speed,
    Duration,
    Energy,
    Power,
    Voltage,
    Current,
    Charge,
    Temperature,
    Angle,
    Pressure,
    Volume,
    Consumption,
    FuelConsumption,
    Rating,
}

/// One unit and how many of its kind's first unit it is.
#[derive(Debug)]
pub struct KnownUnit {
    /// As we write it.
    pub name: &'static str,
    pub kind: Kind,
    pub scale: Scale,
    /// Other spellings, plain.
    pub others: &'static [&'static str],
}

/// From a number of a unit to the number of the first unit of its kind.
#[derive(Debug, Clone, Copy)]
pub enum Scale {
    Times(f64),
    /// A degree is that many, and zero lies there.
    From(f64, f64),
    /// The more, the less: that many divided by the number.
    Inverse(f64),
}

use Kind::{
    Angle, Charge, Consumption, Current, Distance, Duration, Energy, FuelConsumption, Power, Pressure,
    Rating, Share, Speed, Temperature, Voltage, Volume,
};
use Scale::{From, Inverse, Times};

const MILE: f64 = 1.609_344;
const US_GALLON: f64 = 3.785_411_784;
const UK_GALLON: f64 = 4.546_09;
const DAY: f64 = 86_400.0;

const fn unit(name: &'static str, kind: Kind, scale: Scale, others: &'static [&'static str]) -> KnownUnit {
    KnownUnit {
        name,
        kind,
        scale,
        others,
    }
}

/// A gallon is the American one where nothing else is said: the catalogue equates 100 l with 26.5 gal. 62 miles are 100
/// kilometres to BMW. A month is a twelfth of a year.
#[rustfmt::skip]
pub static UNITS: &[KnownUnit] = &[
    unit("%", Share, Times(1.0), &["percent", "pct", "percentage", "prozent"]),
    unit("km", Distance, Times(1.0), &["kilometer", "kilometers", "kilometre", "kilometres", "kms"]),
    unit("mi", Distance, Times(MILE), &["mile", "miles"]),
    unit("m", Distance, Times(0.001), &["meter", "meters", "metre", "metres"]),
    unit("cm", Distance, Times(0.000_01), &["centimeter", "centimeters", "centimetre", "centimetres"]),
    unit("mm", Distance, Times(0.000_001), &["millimeter", "millimeters", "millimetre", "millimetres"]),
    unit("ft", Distance, Times(0.000_304_8), &["foot", "feet"]),
    unit("yd", Distance, Times(0.000_914_4), &["yard", "yards"]),
    unit("in", Distance, Times(0.000_025_4), &["inch", "inches"]),
    unit("km/h", Speed, Times(1.0), &["kmh", "kph", "kmph", "km/hr", "km/hour", "kilometer/hour", "kilometers/hour", "kilometre/hour", "kilometres/hour"]),
    unit("mph", Speed, Times(MILE), &["mi/h", "mi/hr", "mile/hour", "miles/hour", "miles/h"]),
    unit("m/s", Speed, Times(3.6), &["meter/second", "meters/second", "metre/second", "metres/second", "m/sec"]),
    unit("s", Duration, Times(1.0), &["sec", "secs", "second", "seconds"]),
    unit("ms", Duration, Times(0.001), &["msec", "millisecond", "milliseconds"]),
    unit("min", Duration, Times(60.0), &["m", "mins", "minute", "minutes"]),
    unit("h", Duration, Times(3_600.0), &["hr", "hrs", "hour", "hours"]),
    unit("days", Duration, Times(DAY), &["d", "day"]),
    unit("weeks", Duration, Times(7.0 * DAY), &["w", "wk", "wks", "week"]),
    unit("months", Duration, Times(365.25 / 12.0 * DAY), &["m", "mo", "mon", "mth", "mths", "month"]),
    unit("years", Duration, Times(365.25 * DAY), &["a", "y", "yr", "yrs", "year"]),
    unit("kWh", Energy, Times(1.0), &["kilowatthour", "kilowatthours"]),
    unit("Wh", Energy, Times(0.001), &["watthour", "watthours"]),
    unit("MWh", Energy, Times(1_000.0), &["megawatthour", "megawatthours"]),
    unit("J", Energy, Times(1.0 / 3_600_000.0), &["joule", "joules"]),
    unit("kJ", Energy, Times(1.0 / 3_600.0), &["kilojoule", "kilojoules"]),
    unit("MJ", Energy, Times(1.0 / 3.6), &["megajoule", "megajoules"]),
    unit("kW", Power, Times(1.0), &["kilowatt", "kilowatts"]),
    unit("W", Power, Times(0.001), &["watt", "watts"]),
    unit("PS", Power, Times(0.735_498_75), &["metrichorsepower"]),
    unit("hp", Power, Times(0.745_699_871_582), &["bhp", "horsepower"]),
    unit("V", Voltage, Times(1.0), &["volt", "volts"]),
    unit("mV", Voltage, Times(0.001), &["millivolt", "millivolts"]),
    unit("kV", Voltage, Times(1_000.0), &["kilovolt", "kilovolts"]),
    unit("A", Current, Times(1.0), &["amp", "amps", "ampere", "amperes"]),
    unit("mA", Current, Times(0.001), &["milliamp", "milliamps", "milliampere", "milliamperes"]),
    unit("Ah", Charge, Times(1.0), &["amphour", "amphours", "amperehour", "amperehours"]),
    unit("mAh", Charge, Times(0.001), &["milliamphour", "milliamphours", "milliamperehour", "milliamperehours"]),
    unit("°C", Temperature, Times(1.0), &["c", "degc", "celsius", "degreecelsius", "degreescelsius", "centigrade"]),
    unit("°F", Temperature, From(5.0 / 9.0, -160.0 / 9.0), &["f", "degf", "fahrenheit", "degreefahrenheit", "degreesfahrenheit"]),
    unit("K", Temperature, From(1.0, -273.15), &["kelvin", "°k", "degk"]),
    unit("°", Angle, Times(1.0), &["deg", "degree", "degrees", "grad"]),
    unit("kPa", Pressure, Times(1.0), &["kilopascal", "kilopascals"]),
    unit("Pa", Pressure, Times(0.001), &["pascal", "pascals"]),
    unit("hPa", Pressure, Times(0.1), &["mbar", "millibar", "hectopascal", "hectopascals"]),
    unit("MPa", Pressure, Times(1_000.0), &["megapascal", "megapascals"]),
    unit("bar", Pressure, Times(100.0), &["bars"]),
    unit("psi", Pressure, Times(6.894_757_293_168), &["psig", "lb/in2", "lbs/in2", "lbf/in2", "lbs/sqin", "lb/sqin", "pounds/squareinch"]),
    unit("kgf/cm²", Pressure, Times(98.066_5), &["kg/cm2", "kp/cm2"]),
    unit("l", Volume, Times(1.0), &["liter", "liters", "litre", "litres", "ltr"]),
    unit("ml", Volume, Times(0.001), &["milliliter", "milliliters", "millilitre", "millilitres"]),
    unit("gal", Volume, Times(US_GALLON), &["gals", "gallon", "gallons", "galus", "usgal", "usgallon", "usgallons", "gallonus", "gallonsus"]),
    unit("gal (UK)", Volume, Times(UK_GALLON), &["ukgal", "galimp", "impgal", "imperialgallon", "imperialgallons", "ukgallon", "ukgallons", "gallonuk", "gallonsuk", "gallonimp", "gallonsimp", "impgallon", "impgallons"]),
    unit("kWh/100 km", Consumption, Times(1.0), &["kwh/62mi", "kwh/62miles", "kwh/100kilometers"]),
    unit("kWh/100 mi", Consumption, Times(1.0 / MILE), &["kwh/100miles"]),
    unit("kWh/km", Consumption, Times(100.0), &[]),
    unit("kWh/mi", Consumption, Times(100.0 / MILE), &["kwh/mile"]),
    unit("Wh/km", Consumption, Times(0.1), &[]),
    unit("Wh/mi", Consumption, Times(0.1 / MILE), &["wh/mile"]),
    unit("km/kWh", Consumption, Inverse(100.0), &[]),
    unit("mi/kWh", Consumption, Inverse(100.0 / MILE), &["miles/kwh", "mile/kwh"]),
    unit("MPGe", Consumption, Inverse(33.705 * 100.0 / MILE), &[]),
    unit("l/100 km", FuelConsumption, Times(1.0), &["liters/100km", "litres/100km", "liter/100km", "litre/100km", "l/62mi"]),
    unit("km/l", FuelConsumption, Inverse(100.0), &["km/liter", "km/litre"]),
    unit("mpg", FuelConsumption, Inverse(US_GALLON * 100.0 / MILE), &["mpgus", "usmpg", "mi/gal", "miles/gallon"]),
    unit("mpg (UK)", FuelConsumption, Inverse(UK_GALLON * 100.0 / MILE), &["ukmpg", "mpgimp"]),
    unit("stars", Rating, Times(1.0), &["star"]),
];

impl KnownUnit {
    /// A number of this unit in the first unit of its kind.
    fn in_first(&self, number: f64) -> f64 {
        match self.scale {
            Times(factor) => number * factor,
            From(factor, zero) => number * factor + zero,
            Inverse(factor) => factor / number,
        }
    }

    fn out_of_first(&self, number: f64) -> f64 {
        match self.scale {
            Times(factor) => number / factor,
            From(factor, zero) => (number - zero) / factor,
            Inverse(factor) => factor / number,
        }
    }

    /// How far two units of one kind are apart in size; `None` where they are of two kinds.
    pub fn apart(&self, other: &KnownUnit) -> Option<f64> {
        let ratio = self.in_first(1.0) / other.in_first(1.0);
        (self.kind == other.kind).then(|| ratio.ln().abs())
    }

    /// A number of this unit in another one; `None` where that is of another kind.
    pub fn convert(&self, number: f64, to: &KnownUnit) -> Option<f64> {
        (self.kind == to.kind).then(|| to.out_of_first(self.in_first(number)))
    }
}

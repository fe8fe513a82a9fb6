//! Fuzzes the lines that are sent to InfluxDB.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(influxdb_lines);

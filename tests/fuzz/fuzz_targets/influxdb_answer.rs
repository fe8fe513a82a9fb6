//! Fuzzes the answers of InfluxDB.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(influxdb_answer);

//! Fuzzes the answers of InfluxDB.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(influxdb_answer);

//! Fuzzes the lines that are sent to InfluxDB.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(influxdb_lines);

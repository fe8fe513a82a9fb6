//! Fuzzes the answers of the REST API.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(rest_bodies);

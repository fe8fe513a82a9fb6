//! Fuzzes the answers of the REST API.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(rest_bodies);

//! Fuzzes the answers of the OAuth server.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(oauth_bodies);

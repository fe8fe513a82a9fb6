//! Fuzzes the claims of an id token.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(id_token);

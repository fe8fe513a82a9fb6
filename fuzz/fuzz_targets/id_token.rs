//! Fuzzes the claims of an id token.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(id_token);

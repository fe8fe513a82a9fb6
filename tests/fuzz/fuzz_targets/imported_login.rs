//! Fuzzes the token files of other clients.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(imported_login);

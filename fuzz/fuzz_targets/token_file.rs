//! Fuzzes the file that tokens are kept in.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(token_file);

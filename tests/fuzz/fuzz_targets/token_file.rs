//! Fuzzes the file that tokens are kept in.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(token_file);

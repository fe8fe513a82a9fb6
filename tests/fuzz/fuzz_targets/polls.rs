//! Fuzzes what a poll brings, through the journal.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(polls);

//! Fuzzes what BMW has beside telematic data.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(documents);

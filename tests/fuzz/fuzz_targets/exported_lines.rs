//! Fuzzes the lines of an exported journal.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(exported_lines);

//! Fuzzes the payloads of the journal.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(journal_payload);

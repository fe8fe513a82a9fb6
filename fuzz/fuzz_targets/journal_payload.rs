//! Fuzzes the payloads of the journal.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(journal_payload);

//! Fuzzes the messages of the stream.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(stream_message);

//! Fuzzes the pipeline file.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(pipeline_yaml);

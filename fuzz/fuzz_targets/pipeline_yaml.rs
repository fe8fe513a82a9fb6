//! Fuzzes the pipeline file.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(pipeline_yaml);

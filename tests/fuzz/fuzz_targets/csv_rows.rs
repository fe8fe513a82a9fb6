//! Fuzzes the rows of CSV files.

#![cfg_attr(fuzzing, no_main)]

fuzz::main!(csv_rows);

//! Fuzzes the rows of CSV files.

#![cfg_attr(fuzzing, no_main)]

cardata_fuzz::main!(csv_rows);

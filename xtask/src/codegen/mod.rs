//! `cargo xtask codegen [--check]`: turns BMW's catalogue and our tables into Rust data, and what the program knows of
//! pipeline files into their schema.
//!
//! [`catalogue`] reads `data/*.csv` of `crates/catalogue` and writes its `src/generated.rs`, [`dictionary`] its `DICTIONARY.md`. Then the program is built, and
//! what `cardata schema` says is written.

mod catalogue;
mod dictionary;

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::{program, terminal, workspace};

const GENERATED: &str = "crates/catalogue/src/generated.rs";
const DICTIONARY: &str = "crates/catalogue/DICTIONARY.md";
const SCHEMA: &str = "configs/pipeline.schema.json";

/// Write the generated files anew; --check only compares
///
/// Writes the catalogue's Rust data and the data dictionary from its CSV files, and the JSON Schema of pipeline files as the program tells it,
/// which is built for that.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Write nothing: a file that is out of date is an error
    #[arg(long)]
    check: bool,
}

pub fn run(options: &Options) -> Result<()> {
    let shell = workspace::shell()?;
    let table = |name: &str| shell.read_file(format!("crates/catalogue/data/{name}.csv"));
    let tables = catalogue::Tables {
        catalogue: table("catalogue")?,
        supplement: table("supplement")?,
        names: table("names")?,
        limits: table("limits")?,
        truths: table("truths")?,
        words: table("words")?,
    };
    options.put(GENERATED, &catalogue::generate(&tables)?)?;
    options.put(DICTIONARY, &dictionary::generate(&tables)?)?;
    // The program has the catalogue in it.
    options.put(SCHEMA, &schema()?)
}

impl Options {
    /// Writes a file whose text is another, or says that it is out of date.
    fn put(&self, path: &str, text: &str) -> Result<()> {
        let shell = workspace::shell()?;
        // One that is missing or damaged is out of date.
        if shell.read_file(path).is_ok_and(|found| found == text) {
            return Ok(());
        }
        ensure!(!self.check, "{path} is out of date: run `cargo xtask codegen`");
        shell.write_file(path, text)?;
        terminal::tell(format_args!("wrote {path}"));
        Ok(())
    }
}

/// What the program says of pipeline files.
fn schema() -> Result<String> {
    let said = Command::new(program::build(&[])?)
        .arg("schema")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the program that was built")?;
    ensure!(said.status.success(), "`cardata schema` failed");
    String::from_utf8(said.stdout).context("`cardata schema` wrote no text")
}

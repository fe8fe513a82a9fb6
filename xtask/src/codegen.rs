//! `cargo xtask codegen [--check]`: turns BMW's catalogue and our names into Rust data.
//!
//! Reads `crates/cardata-api/catalogue/{catalogue,names}.csv` and writes `src/catalogue/generated.rs` of that
//! crate. With `--check` nothing is written: a file that differs is an error.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

const CRATE: &str = "crates/cardata-api";
const CATALOGUE: [&str; 7] = [
    "descriptor",
    "title",
    "section",
    "datatype",
    "typical_range",
    "unit",
    "streamable",
];
const NAMES: [&str; 6] = ["descriptor", "name", "type", "unit", "flags", "reason"];

/// Every unit that a descriptor may have, in its one spelling.
const UNITS: [&str; 20] = [
    "%",
    "A",
    "V",
    "W",
    "h",
    "kPa",
    "kW",
    "kWh",
    "kWh/100 km",
    "km",
    "km/h",
    "l",
    "m",
    "min",
    "months",
    "s",
    "stars",
    "weeks",
    "°",
    "°C",
];

/// Generates the catalogue, or with `--check` compares it with what is checked in.
pub fn run(args: &[String]) -> Result<()> {
    let check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: cargo xtask codegen [--check]"),
    };
    let folder = workspace_root()?.join(CRATE);
    let catalogue = read(&folder.join("catalogue/catalogue.csv"))?;
    let names = read(&folder.join("catalogue/names.csv"))?;
    let generated = generate(&catalogue, &names)?;

    let path = folder.join("src/catalogue/generated.rs");
    if check {
        let present = read(&path)?;
        ensure!(
            present == generated,
            "{} is out of date: run `cargo xtask codegen`",
            path.display()
        );
        return Ok(());
    }
    std::fs::write(&path, generated).with_context(|| format!("write {}", path.display()))?;
    writeln!(std::io::stderr(), "wrote {}", path.display())?;
    Ok(())
}

fn workspace_root() -> Result<PathBuf> {
    let manifest =
        std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&manifest)
        .parent()
        .context("find the workspace above xtask")?;
    Ok(root.to_owned())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

/// One descriptor, ready to be written.
struct Entry {
    descriptor: String,
    name: String,
    title: String,
    value_type: &'static str,
    unit: Option<&'static str>,
    options: Vec<String>,
    streamable: bool,
    endpoint_bound: bool,
    request_stamped: bool,
}

fn generate(catalogue: &str, names: &str) -> Result<String> {
    let mut ours = BTreeMap::new();
    for row in rows(names, &NAMES).context("names.csv")? {
        let descriptor = row[0].clone();
        ensure!(
            ours.insert(descriptor, row).is_none(),
            "names.csv names a descriptor twice"
        );
    }
    let mut entries = Vec::new();
    for bmw in rows(catalogue, &CATALOGUE).context("catalogue.csv")? {
        let descriptor = bmw[0].clone();
        let Some(own) = ours.remove(&descriptor) else {
            bail!("names.csv has no row for {descriptor}");
        };
        entries.push(entry(bmw, own).with_context(|| descriptor)?);
    }
    if let Some(descriptor) = ours.keys().next() {
        bail!("{descriptor} is in names.csv but not in catalogue.csv");
    }
    entries.sort_by(|a, b| a.descriptor.cmp(&b.descriptor));
    check_unique(&entries)?;
    Ok(render(&entries))
}

fn check_unique(entries: &[Entry]) -> Result<()> {
    let mut names = HashSet::new();
    for entry in entries {
        ensure!(
            names.insert(&entry.name),
            "the name {} stands twice in names.csv",
            entry.name
        );
    }
    for pair in entries.windows(2) {
        ensure!(
            pair[0].descriptor != pair[1].descriptor,
            "{} stands twice in catalogue.csv",
            pair[0].descriptor
        );
    }
    Ok(())
}

fn entry(bmw: Vec<String>, own: Vec<String>) -> Result<Entry> {
    let [descriptor, title, _, datatype, range, unit, streamable] =
        <[String; 7]>::try_from(bmw).map_err(|_| columns())?;
    let [_, name, own_type, own_unit, flags, reason] = <[String; 6]>::try_from(own).map_err(|_| columns())?;
    ensure!(
        is_well_formed(&name),
        "the name `{name}` is not lower-case snake case"
    );

    let overridden = [&own_type, &own_unit, &flags]
        .iter()
        .any(|column| !column.is_empty());
    ensure!(
        !overridden || !reason.is_empty(),
        "an override or a flag needs a reason"
    );
    let flags: Vec<&str> = flags.split(' ').filter(|flag| !flag.is_empty()).collect();
    if let Some(unknown) = flags
        .iter()
        .find(|flag| !["endpoint_bound", "request_stamped"].contains(flag))
    {
        bail!("unknown flag `{unknown}`");
    }

    let value_type = value_type(&datatype, &own_type)?;
    let unit = canonical_unit(if own_unit.is_empty() { &unit } else { &own_unit })?;
    ensure!(
        value_type == "Number" || unit.is_none(),
        "a {value_type} has no unit"
    );
    let options = options(&range, value_type, &descriptor);
    Ok(Entry {
        descriptor,
        name,
        title,
        value_type,
        unit,
        options,
        streamable: match streamable.as_str() {
            "yes" => true,
            "no" => false,
            other => bail!("streamable is yes or no, not `{other}`"),
        },
        endpoint_bound: flags.contains(&"endpoint_bound"),
        request_stamped: flags.contains(&"request_stamped"),
    })
}

fn columns() -> anyhow::Error {
    anyhow::anyhow!("wrong number of columns")
}

fn is_well_formed(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn value_type(datatype: &str, own: &str) -> Result<&'static str> {
    Ok(match if own.is_empty() { datatype } else { own } {
        "boolean" | "bool" => "Bool",
        "string" | "text" => "Text",
        "timestamp" => "Timestamp",
        "number" | "double" | "float" | "int8" | "int16" | "int32" | "uint8" | "uint16" | "uint32" => {
            "Number"
        }
        "-" => bail!("the catalogue names no type: names.csv must"),
        other => bail!("unknown type `{other}`"),
    })
}

fn canonical_unit(unit: &str) -> Result<Option<&'static str>> {
    let canonical = match unit {
        "" | "-" | "null" => return Ok(None),
        "percent" => "%",
        "Celsius" | "celsius" => "°C",
        "degrees" => "°",
        other => other,
    };
    let known = UNITS.iter().find(|known| **known == canonical);
    Ok(Some(known.with_context(|| format!("unknown unit `{unit}`"))?))
}

/// The texts that a column `typical_range` lists: single words with commas between them. None where it describes
/// the values in another way.
fn options(range: &str, value_type: &str, descriptor: &str) -> Vec<String> {
    let words: Vec<&str> = range.split(',').map(str::trim).collect();
    let is_word = |word: &&str| {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !word.is_empty() && word.chars().all(part)
    };
    if value_type != "Text" || !words.iter().all(is_word) {
        return Vec::new();
    }
    let values = words.into_iter().filter(|word| !means_no_value(word, descriptor));
    let values: Vec<String> = values.map(str::to_owned).collect();
    if values.len() > 1 { values } else { Vec::new() }
}

/// As the collector's `normalise` has it: such a word never becomes a reading.
fn means_no_value(word: &str, descriptor: &str) -> bool {
    match word {
        "-" | "-NA-" | "INVALID" | "UNKNOWN" | "SIGNAL_INVALID" => true,
        "NOT_AVAILABLE" => !descriptor.ends_with(".availability"),
        _ => false,
    }
}

fn render(entries: &[Entry]) -> String {
    let mut out = String::from(
        "//! BMW's catalogue with our names, types and units, as data.\n// @generated by cargo xtask codegen\n\n\
         use collector_core::{Unit, ValueType};\n\nuse super::CatalogueEntry;\n\n\
         /// Every descriptor of BMW's catalogue, sorted by identifier.\n#[rustfmt::skip]\n\
         pub static CATALOGUE: &[CatalogueEntry] = &[\n",
    );
    for entry in entries {
        let unit = entry
            .unit
            .map_or("None".to_owned(), |unit| format!("Some(Unit::new({unit:?}))"));
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "    CatalogueEntry {{\n        descriptor: {:?},\n        name: {:?},\n        title: {:?},\n        \
             value_type: ValueType::{},\n        unit: {unit},\n        options: &{:?},\n        streamable: {},\n        \
             endpoint_bound: {},\n        request_stamped: {},\n    }},\n",
            entry.descriptor,
            entry.name,
            entry.title,
            entry.value_type,
            entry.options,
            entry.streamable,
            entry.endpoint_bound,
            entry.request_stamped,
        );
    }
    out.push_str("];\n");
    out
}

/// The rows of a CSV text below its header, which must be `header`.
fn rows(text: &str, header: &[&str]) -> Result<Vec<Vec<String>>> {
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().context("the file is empty")?;
    ensure!(
        fields(first)? == header,
        "the first line must be {}",
        header.join(",")
    );
    lines
        .map(|(index, line)| {
            let row = fields(line).with_context(|| format!("line {}", index + 1))?;
            ensure!(
                row.len() == header.len(),
                "line {}: {} columns",
                index + 1,
                row.len()
            );
            Ok(row)
        })
        .collect()
}

/// Splits one line of RFC 4180. A field never holds a line break here.
fn fields(line: &str) -> Result<Vec<String>> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let field = fields.last_mut().context("a line has a field")?;
        match character {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            other => field.push(other),
        }
    }
    ensure!(!quoted, "a quote is not closed");
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BMW: &str = "descriptor,title,section,datatype,typical_range,unit,streamable\n";
    const OWN: &str = "descriptor,name,type,unit,flags,reason\n";

    fn generated(bmw: &str, own: &str) -> Result<String> {
        generate(&format!("{BMW}{bmw}"), &format!("{OWN}{own}"))
    }

    #[test]
    fn quotes_commas_and_doubled_quotes_are_read() {
        assert_eq!(
            fields(r#"a,"b, c","""d"" e","#).unwrap(),
            ["a", "b, c", "\"d\" e", ""]
        );
        assert!(fields("\"a").is_err());
    }

    #[test]
    fn entries_are_sorted_typed_and_in_canonical_units() {
        let text = generated(
            "b,B,,uint8,,percent,yes\na,A,,-,,-,no\n",
            "a,x,bool,,endpoint_bound,why\nb,y,,,,\n",
        )
        .unwrap();
        let (a, b) = (text.find("\"a\"").unwrap(), text.find("\"b\"").unwrap());
        assert!(a < b);
        assert!(text[a..b].contains("ValueType::Bool") && text[a..b].contains("endpoint_bound: true"));
        assert!(text[b..].contains("Some(Unit::new(\"%\"))") && text[b..].contains("streamable: true"));
    }

    #[test]
    fn mistakes_are_named() {
        let reason = |bmw, own| format!("{:#}", generated(bmw, own).unwrap_err());
        let row = "a,A,,uint8,,-,yes\n";
        assert_eq!(reason(row, ""), "names.csv has no row for a");
        assert_eq!(
            reason("", "a,x,,,,\n"),
            "a is in names.csv but not in catalogue.csv"
        );
        assert_eq!(
            reason(row, "a,X,,,,\n"),
            "a: the name `X` is not lower-case snake case"
        );
        assert_eq!(
            reason(row, "a,x,,km,,\n"),
            "a: an override or a flag needs a reason"
        );
        assert_eq!(reason(row, "a,x,,miles,,r\n"), "a: unknown unit `miles`");
        assert_eq!(
            reason("a,A,,-,,-,yes\n", "a,x,,,,\n"),
            "a: the catalogue names no type: names.csv must"
        );
        let twice = reason("a,A,,uint8,,-,yes\nb,A,,uint8,,-,yes\n", "a,x,,,,\nb,x,,,,\n");
        assert_eq!(twice, "the name x stands twice in names.csv");
    }
}

//! `cardata man`: a page of the manual for each command, out of the words that `--help` has too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Arguments;
use crate::{CommandResult, Failure, terminal};

/// What every page ends with: exit status, files, environment.
const COMMON: &str = include_str!("common.roff");
/// What the page of the program itself shows besides.
const EXAMPLES: &str = include_str!("examples.roff");

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder, which is made where it is not there. Pages in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
}

pub fn run(options: &ManArgs) -> CommandResult {
    let dir = &options.dir;
    let written = pages().and_then(|pages| {
        make_folder(dir)?;
        pages.iter().try_for_each(|page| page.write(dir))?;
        Ok(pages.len())
    });
    let written =
        written.map_err(|error| Failure::new(2, format!("cannot write to {}: {error}", dir.display())))?;
    terminal::say(&format!("{written} pages written to {}", dir.display()));
    Ok(())
}

/// A page, with the name of its file.
struct Page {
    name: String,
    roff: String,
}

impl Page {
    fn write(&self, dir: &Path) -> io::Result<()> {
        let path = dir.join(&self.name);
        std::fs::write(&path, &self.roff)?;
        open_to_all(&path, 0o644)
    }
}

/// Makes a folder that everybody can read, where there is none.
fn make_folder(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(dir)?;
    open_to_all(dir, 0o755)
}

/// What this program makes is for its user and group alone, but `man` shows pages to everybody.
fn open_to_all(path: &Path, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// A page for the program, each of its commands, and each of theirs.
fn pages() -> io::Result<Vec<Page>> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut pages = Vec::new();
    collect(&program, true, &mut pages)?;
    Ok(pages)
}

fn collect(command: &Command, is_program: bool, pages: &mut Vec<Page>) -> io::Result<()> {
    let mut roff = Vec::new();
    let man = Man::new(command.clone())
        .source(concat!("cardata ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    man.render_title(&mut roff)?;
    man.render_name_section(&mut roff)?;
    man.render_synopsis_section(&mut roff)?;
    man.render_description_section(&mut roff)?;
    man.render_options_section(&mut roff)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut roff)?;
    }
    if is_program {
        roff.write_all(EXAMPLES.as_bytes())?;
    }
    roff.write_all(COMMON.as_bytes())?;
    if !is_program {
        roff.write_all(b".SH \"SEE ALSO\"\n.BR cardata (1)\n")?;
    }
    let (name, roff) = (man.get_filename(), ascii(&String::from_utf8_lossy(&roff)));
    pages.push(Page { name, roff });
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, false, pages)?;
    }
    Ok(())
}

/// The same with escapes in the place of what old formatters cannot read.
fn ascii(roff: &str) -> String {
    let escaped = |c: char| match c.is_ascii() {
        true => c.to_string(),
        false => format!("\\[u{:04X}]", u32::from(c)),
    };
    roff.chars().map(escaped).collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn everybody_can_read_the_pages() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("man1");
        std::fs::create_dir(&dir).unwrap();
        let page = Page {
            name: "a.1".to_owned(),
            roff: String::new(),
        };
        std::fs::write(dir.join(&page.name), "").unwrap();
        std::fs::set_permissions(dir.join(&page.name), PermissionsExt::from_mode(0o600)).unwrap();
        page.write(&dir).unwrap();
        make_folder(&folder.path().join("new")).unwrap();
        for (name, mode) in [("man1/a.1", 0o644), ("new", 0o755)] {
            let found = std::fs::metadata(folder.path().join(name)).unwrap().permissions();
            assert_eq!(found.mode() & 0o777, mode, "{name}");
        }
    }

    #[test]
    fn every_command_has_a_page_that_the_formatter_has_nothing_to_say_about() {
        let pages = pages().unwrap();
        for name in ["cardata.1", "cardata-run.1", "cardata-journal-export.1"] {
            assert!(pages.iter().any(|page| page.name == name), "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        for page in pages {
            let roff = &page.roff;
            assert!(roff.is_ascii(), "{}", page.name);
            for section in [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "\"EXIT STATUS\"",
                "FILES",
                "ENVIRONMENT",
            ] {
                assert!(
                    roff.contains(&format!("\n.SH {section}\n")),
                    "{}: {section}",
                    page.name
                );
            }
            page.write(folder.path()).unwrap();
            let formatted = Command::new("groff")
                .args(["-man", "-Tutf8", "-ww", "-z", "-rCHECKSTYLE=1"])
                .arg(folder.path().join(&page.name))
                .output();
            // Where nothing formats pages, nothing can be said of them.
            let Ok(formatted) = formatted else { continue };
            assert_eq!(String::from_utf8_lossy(&formatted.stderr), "", "{}", page.name);
        }
    }
}

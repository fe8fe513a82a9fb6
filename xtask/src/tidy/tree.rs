//! The files of the repository, as text.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use xshell::Shell;

/// Everything that is not ignored by git, with paths relative to the root and `/` between their parts.
#[derive(Debug, Default)]
pub struct Tree {
    pub files: Vec<File>,
    /// Every file and folder, also those that are no text.
    paths: BTreeSet<String>,
}

/// A text file.
#[derive(Debug)]
pub struct File {
    pub path: String,
    pub text: String,
}

impl File {
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate()
    }

    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Tests, examples and benches of a package, as far as they are files of their own.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

impl Tree {
    pub fn read(root: &Path) -> Result<Self> {
        let ignored = std::fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let ignored = ignored
            .lines()
            .map(|line| line.trim_matches('/').to_owned())
            .collect();
        let mut tree = Self::default();
        tree.walk(root, "", &ignored)?;
        Ok(tree)
    }

    pub fn contains(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, ignored: &BTreeSet<String>) -> Result<()> {
        for entry in Shell::new()?.read_dir(folder)? {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            let path = format!("{prefix}{name}");
            if name == ".git" || ignored.contains(&path) {
                continue;
            }
            if entry.is_dir() && !entry.is_symlink() {
                self.paths.insert(path.clone());
                self.walk(&entry, &format!("{path}/"), ignored)?;
            } else {
                self.add(path, std::fs::read_to_string(entry).ok());
            }
        }
        Ok(())
    }

    fn add(&mut self, path: String, text: Option<String>) {
        self.paths.insert(path.clone());
        self.files.extend(text.map(|text| File { path, text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    impl Tree {
        /// A tree out of nothing but these files.
        pub fn of(files: &[(&str, &str)]) -> Self {
            let mut tree = Self::default();
            for (path, text) in files {
                for (slash, _) in path.match_indices('/') {
                    tree.paths.insert(path[..slash].to_owned());
                }
                tree.add(path.to_string(), Some(text.to_string()));
            }
            tree
        }
    }

    #[test]
    fn this_repository_is_read_without_what_git_ignores() {
        let tree = Tree::read(&workspace::root()).unwrap();
        assert!(tree.contains("xtask/src/tidy"));
        assert!(
            tree.files
                .iter()
                .any(|file| file.path == "xtask/src/tidy/tree.rs")
        );
        assert!(!tree.contains("target"));
    }
}

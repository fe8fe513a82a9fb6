//! What deny.toml says, as far as a check without cargo-deny needs it. The file is cargo-deny's own.

use anyhow::{Result, ensure};
use semver::{Version, VersionReq};
use serde::Deserialize;

/// What is not read here is refused, so that nobody relies on a check that is not made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Everything is checked: all features, platforms and kinds of dependencies.
    #[serde(rename = "graph")]
    _graph: AllFeatures,
    pub licenses: Licenses,
    pub bans: Bans,
    pub sources: Sources,
    /// Only cargo-deny can check them.
    #[serde(default)]
    pub advisories: Advisories,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AllFeatures {
    #[serde(rename = "all-features")]
    _all_features: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Licenses {
    pub allow: Vec<String>,
    #[serde(rename = "include-dev")]
    _include_dev: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bans {
    #[serde(rename = "multiple-versions")]
    multiple_versions: Deny,
    #[serde(rename = "multiple-versions-include-dev")]
    _multiple_versions_include_dev: bool,
    #[serde(rename = "wildcards")]
    _wildcards: Deny,
    #[serde(rename = "allow-wildcard-paths")]
    _allow_wildcard_paths: bool,
    #[serde(default)]
    pub deny: Vec<Exception>,
    #[serde(default)]
    pub skip: Vec<Exception>,
    /// The package, and everything that it depends on.
    #[serde(default)]
    pub skip_tree: Vec<Exception>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Deny {
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sources {
    #[serde(rename = "unknown-registry")]
    _unknown_registry: Deny,
    #[serde(rename = "unknown-git")]
    _unknown_git: Deny,
    pub allow_registry: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Advisories {
    #[serde(default)]
    pub ignore: Vec<Ignored>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignored {
    id: String,
    reason: String,
}

/// Some versions of a crate, and why they are treated in another way than the rest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    #[serde(rename = "crate")]
    pub spec: Spec,
    pub reason: String,
}

/// `name`, `name@1.2` (any 1.2) or `name:<requirement>`.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Spec {
    text: String,
    name: String,
    versions: VersionReq,
}

impl Policy {
    pub fn parse(text: &str) -> Result<Self> {
        let policy: Self = toml::from_str(text)?;
        debug_assert_eq!(policy.bans.multiple_versions, Deny::Deny);
        let bans = &policy.bans;
        let exceptions = [&bans.deny, &bans.skip, &bans.skip_tree].into_iter().flatten();
        let exceptions = exceptions.map(|exception| (exception.spec.text.as_str(), &exception.reason));
        let ignored = policy
            .advisories
            .ignore
            .iter()
            .map(|ignored| (ignored.id.as_str(), &ignored.reason));
        for (what, reason) in exceptions.chain(ignored) {
            ensure!(reason.trim().len() > 9, "the exception for {what} needs a reason");
        }
        Ok(policy)
    }
}

impl Spec {
    pub fn matches(&self, name: &str, version: &Version) -> bool {
        self.name == name && (self.versions == VersionReq::STAR || self.versions.matches(version))
    }
}

impl std::fmt::Display for Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Spec {
    type Error = semver::Error;

    fn try_from(text: String) -> Result<Self, semver::Error> {
        let (name, versions) = match (text.split_once('@'), text.split_once(':')) {
            (Some((name, version)), _) => (name, format!("={version}").parse()?),
            (None, Some((name, versions))) => (name, versions.parse()?),
            (None, None) => (text.as_str(), VersionReq::STAR),
        };
        let name = name.to_owned();
        Ok(Self { text, name, versions })
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A policy with these tables of `bans`.
    pub fn policy(bans: &str) -> Result<Policy> {
        Policy::parse(&format!(
            "[graph]\nall-features = true\n\
             [licenses]\nallow = [\"MIT\", \"ISC\"]\ninclude-dev = true\n\
             [bans]\nmultiple-versions = \"deny\"\nmultiple-versions-include-dev = true\nwildcards = \"deny\"\nallow-wildcard-paths = true\n{bans}\n\
             [sources]\nunknown-registry = \"deny\"\nunknown-git = \"deny\"\nallow-registry = [\"https://crates.example\"]\n"
        ))
    }

    #[test]
    fn a_crate_is_named_with_and_without_versions() {
        let matches = |spec: &str, version: &str| {
            let spec = Spec::try_from(spec.to_owned()).unwrap();
            spec.matches("a", &version.parse().unwrap())
        };
        assert!(matches("a", "1.2.3") && matches("a", "1.0.0-rc.1"));
        assert!(matches("a@1.2", "1.2.3") && !matches("a@1.2", "1.3.0"));
        assert!(matches("a:<1.3", "1.2.3") && !matches("a:<1.2", "1.2.3"));
        assert!(!matches("b", "1.2.3"));
        assert!(Spec::try_from("a@new".to_owned()).is_err());
    }

    #[test]
    fn an_exception_without_a_reason_is_a_mistake() {
        assert!(policy("skip = [{ crate = \"a@1\", reason = \"because of b\" }]").is_ok());
        for wrong in [
            "skip = [{ crate = \"a@1\", reason = \" \" }]",
            "skip = [{ crate = \"a@1\" }]",
            "skip = [\"a@1\"]",
            "skip = []\n[advisories]\nignore = [{ id = \"RUSTSEC-2024-0384\", reason = \"\" }]",
        ] {
            assert!(policy(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_checked_here_is_refused() {
        assert!(policy("external-default-features = \"allow\"").is_err());
    }
}

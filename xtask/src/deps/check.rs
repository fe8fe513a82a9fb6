//! The packages held against the policy.

use std::collections::{BTreeMap, BTreeSet};

use spdx::{Expression, ParseMode};

use super::graph::{Graph, Package};
use super::policy::{Exception, Policy};

/// What there is to mend, a line each.
pub fn findings(graph: &Graph, policy: &Policy) -> Vec<String> {
    let checks = [licenses, banned, duplicates, sources];
    let mut findings: Vec<_> = checks.iter().flat_map(|check| check(graph, policy)).collect();
    findings.sort();
    findings
}

/// How much was checked.
pub fn summary(graph: &Graph) -> String {
    let foreign = || graph.packages.iter().filter(|package| !package.is_member);
    let linked = foreign().filter(|package| package.is_in_program).count();
    format!(
        "{} packages have allowed licences, no unexplained second version and a known source: {linked} of them can be \
         linked into the program, the others build it, test it or are of other platforms",
        foreign().count(),
    )
}

fn licenses(graph: &Graph, policy: &Policy) -> Vec<String> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for package in &graph.packages {
        let Some(text) = &package.license else {
            findings.push(format!(
                "{} names no licence: read its files before you use it",
                shown(package)
            ));
            continue;
        };
        match Expression::parse_mode(text, ParseMode::LAX) {
            Err(error) => findings.push(format!(
                "{} names `{text}`, which is no licence: {}",
                shown(package),
                error.reason
            )),
            Ok(expression) => {
                let allowed = expression.evaluate(|requirement| {
                    let name = requirement.to_string();
                    used.insert(name.clone());
                    policy.licenses.allow.contains(&name)
                });
                if !allowed {
                    findings.push(format!(
                        "{} is licensed `{text}`, which deny.toml does not allow: use another crate, or allow it with \
                         a word on what it asks for",
                        shown(package)
                    ));
                }
            }
        }
    }
    let idle = policy
        .licenses
        .allow
        .iter()
        .filter(|allowed| !used.contains(*allowed));
    findings.extend(
        idle.map(|allowed| format!("no package has the licence `{allowed}`: take it out of deny.toml")),
    );
    findings
}

fn banned(graph: &Graph, policy: &Policy) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &graph.packages {
        for ban in policy.bans.deny.iter().filter(|ban| fits(ban, package)) {
            findings.push(format!("{} is banned: {}", shown(package), ban.reason));
        }
        if package.is_member {
            for name in &package.wildcards {
                findings.push(format!(
                    "{} takes any version of {name}: write the one it needs",
                    package.name
                ));
            }
        }
    }
    findings
}

fn duplicates(graph: &Graph, policy: &Policy) -> Vec<String> {
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, package) in graph.packages.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(at);
    }
    by_name.retain(|_, versions| versions.len() > 1);
    let doubled = |at: usize| by_name.contains_key(graph.packages[at].name.as_str());
    let mut findings = Vec::new();
    let mut skipped = BTreeSet::new();
    let bans = &policy.bans;
    for (skip, with_tree) in bans
        .skip
        .iter()
        .map(|skip| (skip, false))
        .chain(bans.skip_tree.iter().map(|skip| (skip, true)))
    {
        let mut covered: BTreeSet<usize> = matching(graph, skip).collect();
        if with_tree {
            covered = tree(graph, covered);
        }
        covered.retain(|at| doubled(*at));
        if covered.is_empty() {
            findings.push(format!(
                "nothing doubles {} any more: take its exception out of deny.toml",
                skip.spec
            ));
        }
        skipped.append(&mut covered);
    }
    for (name, versions) in &by_name {
        let mut left = versions
            .iter()
            .filter(|at| !skipped.contains(*at))
            .map(|at| &graph.packages[*at]);
        if let (Some(first), Some(_)) = (left.next(), left.next()) {
            let all: Vec<_> = versions.iter().map(|at| described(graph, *at)).collect();
            let program = versions
                .iter()
                .filter(|at| graph.packages[**at].is_in_program)
                .count();
            findings.push(format!(
                "{name} comes in {} versions, {program} of them can be in the program: {}; update what needs the older \
                 one, or say in deny.toml under [[bans.skip]] why it stays (`cargo tree -i {name}@{}` tells who needs it)",
                versions.len(),
                all.join(", "),
                first.version
            ));
        }
    }
    findings
}

fn sources(graph: &Graph, policy: &Policy) -> Vec<String> {
    let known = |source: &str| {
        let allowed = policy.sources.allow_registry.iter();
        allowed
            .into_iter()
            .any(|registry| source == format!("registry+{registry}"))
    };
    let stranger = |package: &&Package| match &package.source {
        Some(source) => !known(source),
        None => !package.is_member,
    };
    let strangers = graph.packages.iter().filter(stranger);
    let told = strangers.map(|package| {
        let source = package
            .source
            .as_deref()
            .unwrap_or("a folder outside of the workspace");
        format!(
            "{} comes from {source}, which deny.toml does not allow",
            shown(package)
        )
    });
    told.collect()
}

fn fits(exception: &Exception, package: &Package) -> bool {
    exception.spec.matches(&package.name, &package.version)
}

fn matching<'a>(graph: &'a Graph, exception: &'a Exception) -> impl Iterator<Item = usize> + 'a {
    (0..graph.packages.len()).filter(|at| fits(exception, &graph.packages[*at]))
}

/// These packages and everything that they depend on.
fn tree(graph: &Graph, roots: BTreeSet<usize>) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<_> = roots.into_iter().collect();
    while let Some(at) = waiting.pop() {
        if found.insert(at) {
            waiting.extend(&graph.packages[at].dependencies);
        }
    }
    found
}

/// A version with one of those who need it.
fn described(graph: &Graph, at: usize) -> String {
    let user = graph
        .packages
        .iter()
        .find(|package| package.dependencies.contains(&at));
    let user = user.map_or("tests".to_owned(), |user| user.name.clone());
    format!("{} (of {user})", graph.packages[at].version)
}

fn shown(package: &Package) -> String {
    let place = if package.is_in_program {
        "in the program"
    } else {
        "not in the program"
    };
    format!("{} {} ({place})", package.name, package.version)
}

#[cfg(test)]
mod tests {
    use super::super::policy::tests::policy;
    use super::*;

    fn package(name: &str, version: &str, license: &str, dependencies: &[usize]) -> Package {
        Package {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            license: (!license.is_empty()).then(|| license.to_owned()),
            source: Some("registry+https://crates.example".to_owned()),
            is_member: false,
            is_in_program: true,
            wildcards: Vec::new(),
            dependencies: dependencies.to_vec(),
        }
    }

    fn found(packages: Vec<Package>, bans: &str) -> Vec<String> {
        let mut packages = packages;
        packages.push(package("both", "1.0.0", "MIT AND ISC", &[]));
        findings(&Graph { packages }, &policy(bans).unwrap())
    }

    #[test]
    fn a_licence_is_one_of_those_allowed() {
        for allowed in [
            "MIT",
            "MIT OR GPL-3.0",
            "MIT/Apache-2.0",
            "(GPL-3.0 OR ISC) AND MIT",
        ] {
            assert_eq!(
                found(vec![package("a", "1.0.0", allowed, &[])], ""),
                [""; 0],
                "{allowed}"
            );
        }
        for refused in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "MIT WITH LLVM-exception",
            "free",
            "",
        ] {
            let findings = found(vec![package("a", "1.0.0", refused, &[])], "");
            assert_eq!(findings.len(), 1, "{refused}: {findings:?}");
            assert!(
                findings[0].starts_with("a 1.0.0 (in the program) "),
                "{findings:?}"
            );
        }
    }

    #[test]
    fn an_allowed_licence_that_nobody_has_is_told() {
        let graph = Graph {
            packages: vec![package("a", "1.0.0", "MIT", &[])],
        };
        assert!(findings(&graph, &policy("").unwrap())[0].contains("`ISC`"));
    }

    #[test]
    fn a_second_version_needs_a_reason() {
        let twice = || {
            vec![
                package("a", "1.0.0", "MIT", &[]),
                package("a", "2.0.0", "MIT", &[]),
            ]
        };
        let findings = found(twice(), "");
        assert!(
            findings.len() == 1 && findings[0].starts_with("a comes in 2 versions"),
            "{findings:?}"
        );
        let skip = "skip = [{ crate = \"a@1.0\", reason = \"because of b\" }]";
        assert_eq!(found(twice(), skip), [""; 0]);
        let mut thrice = twice();
        thrice.push(package("a", "3.0.0", "MIT", &[]));
        assert_eq!(found(thrice, skip).len(), 1, "an exception is for one version");
        let idle = found(vec![package("a", "1.0.0", "MIT", &[])], skip);
        assert!(
            idle.len() == 1 && idle[0].starts_with("nothing doubles a@1.0 any more"),
            "{idle:?}"
        );
    }

    #[test]
    fn a_tree_can_be_skipped_with_all_that_is_below() {
        let packages = || {
            vec![
                package("a", "1.0.0", "MIT", &[]),
                package("old", "1.0.0", "MIT", &[2]),
                package("middle", "1.0.0", "MIT", &[0]),
                package("a", "2.0.0", "MIT", &[]),
            ]
        };
        let skip = "skip-tree = [{ crate = \"old\", reason = \"because of c\" }]";
        assert_eq!(found(packages(), skip), [""; 0]);
        assert_eq!(found(packages(), "").len(), 1);
    }

    #[test]
    fn bans_wildcards_and_strangers_are_found() {
        let mut member = package("ours", "0.1.0", "MIT", &[]);
        (member.is_member, member.source) = (true, None);
        member.wildcards = vec!["serde".to_owned()];
        let mut stranger = package("b", "1.0.0", "MIT", &[]);
        stranger.source = Some("git+https://crates.example/b".to_owned());
        let ban = "deny = [{ crate = \"a:<2\", reason = \"has advisories\" }]";
        let findings = found(vec![package("a", "1.0.0", "MIT", &[]), member, stranger], ban);
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].ends_with("is banned: has advisories"));
        assert!(findings[1].starts_with("b 1.0.0") && findings[1].contains("git+https"));
        assert!(findings[2].starts_with("ours takes any version of serde"));
    }
}

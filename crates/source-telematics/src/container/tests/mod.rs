//! Containers: the search against an oracle, the calls against a model of BMW, and all of it against the
//! simulator.

mod denied;
mod field;
mod figures;
mod model;
mod oracle;
mod simulated;

use source::DescriptorSet;

use super::*;

#[test]
fn the_fingerprint_depends_on_the_set_alone() {
    let one = DescriptorSet::new("custom", vec!["b".into(), "a".into(), "a".into()]);
    let same = DescriptorSet::new("battery", vec!["a".into(), "b".into()]);
    let other = DescriptorSet::new("custom", vec!["a".into()]);
    assert_eq!(one.fingerprint, same.fingerprint);
    assert_eq!(one.fingerprint.len(), 16);
    assert_ne!(one.fingerprint, other.fingerprint);
    assert_eq!(
        purpose(&["b".into(), "a".into()]),
        format!("cardata/1 {}", one.fingerprint)
    );
}

#[test]
fn only_our_mark_makes_a_container_ours() {
    assert!(is_ours(Some(&purpose(&["a".into()]))));
    assert!(!is_ours(Some("Get battery info")));
    assert!(!is_ours(None));
}

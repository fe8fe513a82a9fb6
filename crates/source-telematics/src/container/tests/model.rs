//! The state of a set against a model of BMW's containers, interrupted at any moment.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::oracle::{Rules, now, rules, wanted};
use source::{DescriptorSet, fingerprint};

use crate::container::state::{Action, SetState};

/// What disturbs one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    None,
    /// The program dies, or BMW fails, before anything happened.
    Before,
    /// The call is carried out and its answer is lost.
    After,
    /// Somebody deletes every container first.
    Deleted,
}

/// The account and the disk.
struct World {
    rules: Rules,
    containers: BTreeMap<String, Vec<String>>,
    created: Vec<String>,
    stored: (String, Option<String>),
    calls: usize,
}

impl World {
    fn store(&mut self, state: &SetState) {
        let held = state.container.as_ref().map(|held| held.id.clone());
        self.stored = (serde_json::to_string(state).unwrap(), held);
    }

    fn load(&self) -> SetState {
        let mut state: SetState = serde_json::from_str(&self.stored.0).unwrap();
        state.container = self.stored.1.clone().map(|id| super::super::state::Held {
            created: self.created.contains(&id),
            id,
        });
        state
    }

    /// One step as the program makes it; what is stored is all that survives.
    fn step(&mut self, disturbance: Disturbance) -> bool {
        let mut state = self.load();
        if disturbance == Disturbance::Deleted {
            self.containers.clear();
            // A poll finds out.
            state.lost(now());
            self.store(&state);
        }
        let Some(action) = state.next() else { return false };
        self.calls += 1;
        let lost = disturbance == Disturbance::After;
        if let Action::Create(descriptors) = &action {
            state.begin(descriptors);
            self.store(&state);
        }
        if disturbance == Disturbance::Before {
            return true;
        }
        match action {
            Action::Look => {
                let listed: Vec<_> = self
                    .containers
                    .iter()
                    .map(|(id, held)| (id.clone(), fingerprint(held), self.created.contains(id)))
                    .collect();
                state.looked(&listed, now());
            }
            Action::Delete(id) => {
                self.containers.remove(&id);
                state.deleted();
            }
            Action::Create(descriptors) => match self.rules.judge(&descriptors) {
                Err(refusal) => state.refused(refusal, now()),
                Ok(()) => {
                    let id = format!("S{:012}", self.calls);
                    self.containers.insert(id.clone(), descriptors);
                    if !lost {
                        self.created.push(id.clone());
                    }
                    state.created(id, now());
                }
            },
        }
        if !lost {
            self.created.extend(
                state
                    .container
                    .iter()
                    .filter(|held| held.created)
                    .map(|held| held.id.clone()),
            );
            self.store(&state);
        }
        true
    }
}

fn disturbance() -> impl Strategy<Value = Disturbance> {
    prop_oneof![
        6 => Just(Disturbance::None),
        1 => Just(Disturbance::Before),
        2 => Just(Disturbance::After),
        1 => Just(Disturbance::Deleted),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_interruption_leaks_a_container_or_loses_the_way(
        (wanted, rules) in wanted().prop_flat_map(|wanted| (Just(wanted.clone()), rules(&wanted))),
        disturbances in prop::collection::vec(disturbance(), 0..60),
    ) {
        let set = DescriptorSet::new("custom", wanted.clone());
        let mut world = World {
            rules: rules.clone(),
            containers: BTreeMap::new(),
            created: Vec::new(),
            stored: (String::new(), None),
            calls: 0,
        };
        world.store(&SetState::new(&set));
        for disturbance in disturbances {
            world.step(disturbance);
            prop_assert!(world.containers.len() <= 2, "{:?}", world.containers.keys());
        }
        let disturbed = world.calls;
        let is_denied = |world: &World| {
            let asked = world.calls - disturbed;
            world.load().search.denied().is_some() && asked > 2 * wanted.len()
        };
        while !is_denied(&world) && world.step(Disturbance::None) {
            prop_assert!(world.containers.len() <= 2, "{:?}", world.containers.keys());
            prop_assert!(world.calls < disturbed + 300, "endless");
        }
        let good = wanted.iter().filter(|one| !rules.refused.contains(*one)).count();
        let held = world.load().container;
        prop_assert_eq!(held.is_some(), good > 0);
        if let Some(held) = held {
            prop_assert_eq!(world.containers.keys().collect::<Vec<_>>(), [&held.id], "nothing else is left behind");
            prop_assert_eq!(world.containers[&held.id].len(), good.min(rules.most));
        }
    }
}

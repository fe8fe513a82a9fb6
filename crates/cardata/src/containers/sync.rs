//! `cardata containers sync`: says what it changes and what that costs, and does it.

use collector_core::mask::readable;
use ledger::CreatedContainer;
use serde_json::{Value, json};
use source::{DescriptorSet, Handles};
use source_telematics::container::places::MOST;
use source_telematics::container::sync::{self, Plan};

use status::table::counted;

use super::{failure, listed};
use crate::{CommandResult, terminal};

pub async fn run(accounts: &[Handles], dry_run: bool, json: bool) -> CommandResult {
    let mut documents = Vec::new();
    for account in accounts {
        let failed = |error| failure(account, &error);
        let listed = listed(account).await?;
        let plan = sync::plan(account, &listed).await.map_err(failed)?;
        let calls = plan.calls();
        let described = described(&plan, dry_run);
        let say = |text: &str| {
            if !json {
                terminal::say(text);
            }
        };
        let mut document = document(&account.login.account, &plan);
        say(&format!("{}:\n{described}", account.login.account));
        if dry_run {
            say(&format!(
                "  1 call was spent, nothing changed; without --dry-run it takes {}",
                counted(1 + calls, "call")
            ));
        } else {
            let carried_out = sync::carry_out(account, plan, &listed).await;
            carried_out.map_err(failed)?;
            let spent = counted(account.budget.calls(), "call");
            say(&format!("  done with {spent}"));
        }
        document["calls"] = json!(account.budget.calls());
        documents.push(document);
    }
    match json {
        true => terminal::answer(1, &json!({ "dry_run": dry_run, "accounts": documents })),
        false => Ok(()),
    }
}

/// What was found, and what is or would be done.
fn document(account: &str, plan: &Plan) -> Value {
    let sets = |sets: &[(DescriptorSet, String)]| -> Value {
        let sets = sets.iter().map(|(set, id)| json!({ "id": id, "name": set.name }));
        sets.collect()
    };
    let created = |all: &[CreatedContainer]| -> Value {
        let all = all.iter().map(|one| json!({ "id": one.id, "name": one.name }));
        all.collect()
    };
    let missing = plan.missing.iter();
    let missing = missing.map(|(set, descriptors)| json!({ "name": set.name, "descriptors": descriptors }));
    let others = plan.others.iter();
    let others = others.map(|other| json!({ "id": other.id.as_str(), "name": other.name }));
    json!({
        "account": account,
        "in_use": sets(&plan.kept),
        "exist_already": sets(&plan.found),
        "forgotten": created(&plan.gone),
        "deleted": created(&plan.obsolete),
        "created": missing.collect::<Value>(),
        "refused": plan.refused.iter().map(|set| &set.name).collect::<Vec<_>>(),
        "left_alone": others.collect::<Value>(),
        "fits": plan.fits(),
    })
}

fn described(plan: &Plan, dry_run: bool) -> String {
    let (use_it, delete, create, forget) = if dry_run {
        ("would use", "would delete", "would create", "would forget")
    } else {
        ("using", "deleting", "creating", "forgetting")
    };
    let mut lines = Vec::new();
    for (set, id) in &plan.kept {
        lines.push(format!("in use: {id} `{}`", set.name));
    }
    for (set, id) in &plan.found {
        lines.push(format!("{use_it} {id} `{}`, which exists already", set.name));
    }
    for gone in &plan.gone {
        lines.push(format!(
            "{forget} {} `{}`, which BMW no longer has",
            gone.id, gone.name
        ));
    }
    for obsolete in &plan.obsolete {
        lines.push(format!(
            "{delete} {} `{}`, created here and used by no source",
            obsolete.id, obsolete.name
        ));
    }
    for (set, descriptors) in &plan.missing {
        let descriptors = counted(*descriptors, "descriptor");
        lines.push(format!("{create} `{}` with {descriptors}", set.name));
    }
    for set in &plan.refused {
        lines.push(format!(
            "no container for `{}`: BMW refuses each of its descriptors",
            set.name
        ));
    }
    for other in &plan.others {
        let name = other.name.as_deref().unwrap_or("without a name");
        lines.push(format!("left alone: {} `{name}`, not created here", other.id));
    }
    if !plan.fits() {
        lines.push(format!(
            "! {} of the {MOST} containers that BMW allows are listed, and a deleted one counts for 29 days: delete one that nobody needs \
             with `cardata containers delete ID`, with --foreign where another program made it",
            plan.taken
        ));
    }
    if lines.is_empty() {
        lines.push("no containers, and none wanted".to_owned());
    }
    let lines = lines.iter().map(|line| format!("  {}", readable(line)));
    lines.collect::<Vec<_>>().join("\n")
}

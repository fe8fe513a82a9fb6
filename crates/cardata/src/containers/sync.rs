//! `cardata containers sync`.

use source_telematics::Access;
use source_telematics::container::sync::{self, Plan};

use super::failure;
use crate::terminal;
use crate::{CommandResult, context};
use status::table::counted;

/// BMW's limit for an account.
const MOST: usize = 10;

pub async fn run(accounts: &[Access], dry_run: bool) -> CommandResult {
    for account in accounts {
        let listed = account
            .client
            .containers()
            .await
            .map_err(|error| context::api_failure(&account.name, &error))?;
        let plan = sync::plan(account, &listed)
            .await
            .map_err(|error| failure(account, &error))?;
        let calls = plan.calls();
        terminal::say(&format!("{}:\n{}", account.name, described(&plan, dry_run)));
        if dry_run {
            terminal::say(&format!(
                "  1 call was spent, nothing changed; without --dry-run it takes {}",
                counted(1 + calls, "call")
            ));
            continue;
        }
        sync::carry_out(account, plan, &listed)
            .await
            .map_err(|error| failure(account, &error))?;
        terminal::say(&format!(
            "  done with {}",
            counted(account.budget.calls(), "call")
        ));
    }
    Ok(())
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
    if plan.containers_after() > MOST {
        lines.push(format!(
            "! BMW allows {MOST} containers: delete one that nobody needs with `cardata containers delete ID`, with --foreign where another program made it"
        ));
    }
    if lines.is_empty() {
        lines.push("no containers, and none wanted".to_owned());
    }
    lines
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

//! The facts of an environment: who provides it, what it may hold, who approves.

use super::{Branch, Tree};
use crate::environment::{ApprovalRule, DataPolicy, Environment, ProviderChoice};

pub(super) fn facts(environment: &Environment) -> Tree {
    // Under which names an environment is known tells it apart, and says nothing about it.
    let Environment {
        name: _,
        aliases: _,
        wave,
        data,
        provider,
        approval,
        span: _,
    } = environment;
    let data = match data {
        DataPolicy::None => "none",
        DataPolicy::Mock => "mock",
        DataPolicy::Anonymised => "anonymised",
        DataPolicy::Real => "real",
    };
    let mut tree = Tree::new();
    let mut root = Branch::root(&mut tree);
    root.set("wave", *wave);
    root.set("data", data);
    let ProviderChoice {
        name,
        settings,
        span: _,
    } = provider;
    root.set("provider", name.as_str());
    root.branch("provider").set_all(settings);
    if let Some(approval) = approval {
        describe_approval(approval, &mut root.branch("approval"));
    }
    tree
}

fn describe_approval(approval: &ApprovalRule, branch: &mut Branch<'_>) {
    let ApprovalRule {
        required,
        allow_author,
        expires_s,
    } = approval;
    branch.set("required", *required);
    branch.set("allow_author", *allow_author);
    branch.set("expires", time_span(*expires_s));
}

/// Returns so many seconds as a stack writes them: `24h`, `90m`.
fn time_span(seconds: u64) -> String {
    match (seconds % 3600, seconds % 60) {
        (0, _) => format!("{}h", seconds / 3600),
        (_, 0) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

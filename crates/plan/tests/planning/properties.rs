//! Properties over random stacks, edits, observations and interruptions.
//!
//! A run is decoded from bytes, so that a failure shrinks to fewer and smaller stacks. Every plan on the way is also
//! made twice and examined by the checker.

use infra_model::decision::{Change, Decision};
use infra_model::plan::Plan;
use infra_plan::error::PlanError;
use infra_plan::request::PlanOptions;
use proptest::prelude::*;

use crate::language::graph;
use crate::world::World;
use crate::{interpreter, language};

const NAMES: [(&str, &str); 8] = [
    ("net", "a"),
    ("server", "b"),
    ("disk", "c"),
    ("secret", "d"),
    ("role", "e"),
    ("rule", "f"),
    ("net", "g"),
    ("disk", "h"),
];

/// Takes choices from bytes; when they run out, the first choice is taken.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.0.next().map_or(0, |byte| *byte as usize % count)
    }

    /// True once in `n` times, and when choices run out never.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    /// Returns a stack; its references lead to resources that come earlier in an order of their own.
    fn stack(&mut self) -> String {
        let mut order: Vec<(&str, &str)> = NAMES.to_vec();
        for at in 0..order.len() {
            let other = at + self.below(order.len() - at);
            order.swap(at, other);
        }
        let mut lines: Vec<String> = Vec::new();
        let mut earlier: Vec<(&str, &str)> = Vec::new();
        for (kind, name) in order {
            if self.below(4) == 3 {
                continue;
            }
            let mut words = vec![kind.to_owned(), name.to_owned()];
            for attribute in attributes(kind) {
                if self.below(3) > 0 {
                    words.push(format!("{attribute}={}", self.value(attribute, &earlier)));
                }
            }
            if let Some((_, need)) = self.one_of(&earlier).filter(|_| self.once_in(4)) {
                words.push(format!("+after:{need}"));
            }
            words.extend(
                [(6, "+cbd"), (6, "-cbd"), (8, "@eu"), (8, "+ignore:size")]
                    .iter()
                    .filter(|(n, _)| self.once_in(*n))
                    .map(|(_, word)| (*word).to_owned()),
            );
            lines.push(words.join(" "));
            earlier.push((kind, name));
        }
        lines.join("\n")
    }

    fn one_of<'b>(&mut self, names: &[(&'b str, &'b str)]) -> Option<(&'b str, &'b str)> {
        (!names.is_empty()).then(|| names[self.below(names.len())])
    }

    fn value(&mut self, attribute: &str, earlier: &[(&str, &str)]) -> String {
        if matches!(attribute, "tags" | "params") {
            return ["{x:1}", "{x:1,y:2}", "{y:3}"][self.below(3)].to_owned();
        }
        let number = self.below(3);
        let with_outputs = earlier
            .iter()
            .filter(|(kind, _)| *kind != "rule")
            .copied()
            .collect::<Vec<_>>();
        let Some((kind, name)) = self.one_of(&with_outputs).filter(|_| self.below(2) == 1) else {
            return number.to_string();
        };
        let outputs: &[&str] = match kind {
            "net" => &["id", "gateway"],
            "server" => &["id", "port", "url"],
            "secret" => &["value"],
            _ => &["id"],
        };
        let output = outputs[self.below(outputs.len())];
        match self.below(3) {
            0 => format!("({number},${name}.{output})"),
            _ => format!("${name}.{output}"),
        }
    }

    /// Lets some of what is recorded be seen differently.
    fn look(&mut self, world: World) -> World {
        if self.below(2) == 0 {
            return world;
        }
        let mut lines = Vec::new();
        for key in world.snapshot.records.keys().filter(|key| key.deposed.is_none()) {
            let name = language::short(key.address.as_str());
            let seen = [
                "",
                "",
                "",
                "gone",
                "half-made",
                "size=9",
                "status=stopped",
                "zones=9",
                "port:=9",
            ];
            lines.push(format!("{name} {}", seen[self.below(seen.len())]));
        }
        world.seen(&lines.join("\n"))
    }

    /// Names some of what exists in options.
    fn options(&mut self, mut world: World) -> World {
        let (kind, name) = NAMES[self.below(NAMES.len())];
        match self.below(8) {
            5 => world.replace(kind, name),
            6 => world.rotate("secret", "d"),
            7 => {
                world.options.targets.insert(format!("app.{name}"));
                world
            }
            4 => world.exclude(&format!("app.{name}")),
            _ => world,
        }
    }
}

fn attributes(kind: &str) -> &'static [&'static str] {
    match kind {
        "net" => &["cidr", "zones", "tags"],
        "server" => &["name", "net", "version", "size", "params", "note"],
        "disk" => &["zone", "size", "on"],
        "secret" => &["length"],
        "role" => &["name", "password", "on"],
        _ => &["from", "to"],
    }
}

/// Returns the plan, or nothing where there is rightly none.
fn plan(world: &World, stack: &str) -> Option<Plan> {
    match world.try_plan(&graph(stack)) {
        Ok(plan) => Some(plan),
        Err(
            PlanError::UnknownSelection { .. }
            | PlanError::NotRotatable { .. }
            | PlanError::NothingToRotate { .. },
        ) => None,
        Err(error) => panic!("{error}\n{stack}"),
    }
}

fn interrupted(plan: &Plan, after: usize) -> Plan {
    let mut plan = plan.clone();
    plan.steps.truncate(after);
    plan
}

fn apply(world: &mut World, plan: &Plan) {
    world.snapshot = interpreter::apply(plan, &world.snapshot, &world.schemas);
}

fn run(bytes: &[u8]) {
    let mut choices = Choices(bytes.iter());
    let mut world = World::empty();
    for _ in 0..4 {
        let stack = choices.stack();
        world = choices.look(world);
        world = choices.options(world);
        if let Some(plan) = plan(&world, &stack) {
            let until = choices.below(2 * plan.steps.len() + 1);
            apply(&mut world, &interrupted(&plan, until));
        }
        // However that ended: without options and interruptions one more plan leads to what is wanted.
        world.options = PlanOptions::default();
        let rest = plan(&world, &stack).unwrap();
        apply(&mut world, &rest);
        let nothing = plan(&world, &stack).unwrap();
        assert!(nothing.is_empty(), "{stack}\n{}", crate::render::text(&nothing));
        let wanted = graph(&stack);
        let recorded: Vec<String> = world.snapshot.records.keys().map(ToString::to_string).collect();
        let declared: Vec<String> = wanted.resources.keys().map(ToString::to_string).collect();
        assert_eq!(recorded, declared);
        // A plan that did not look has not read what it keeps: whoever looks learns what the records say of needs.
        let mut seen = world.clone().seen("");
        let learns = plan(&seen, &stack).unwrap();
        assert!(
            learns.decisions.values().all(only_learns_needs),
            "{stack}\n{}",
            crate::render::text(&learns)
        );
        apply(&mut seen, &learns);
        let nothing = plan(&seen, &stack).unwrap();
        assert!(nothing.is_empty(), "{stack}\n{}", crate::render::text(&nothing));
    }
    let gone = world.clone().destroy().try_plan(&graph("")).unwrap();
    apply(&mut world, &gone);
    assert!(world.snapshot.records.is_empty());
}

fn only_learns_needs(decision: &Decision) -> bool {
    let needs = |change: &Change| change.attribute == "needs";
    matches!(decision, Decision::Adopt { changes, .. } if changes.iter().all(needs))
}

/// Half as many runs as usual, because each makes dozens of plans; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        failure_persistence: None,
        cases: usual.cases / 2,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn after_whatever_happened_apply_leads_to_an_empty_plan(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        run(&bytes);
    }
}

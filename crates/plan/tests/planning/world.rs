//! A case: what was applied, what was seen since, what is wanted now, and with which options.

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::plan::Plan;
use infra_model::record::{Record, RecordKey};
use infra_model::resource::ResourceGraph;
use infra_model::schema::SchemaSet;
use infra_model::snapshot::{Condition, Lineage, Observation, Observed, Owner, Snapshot};
use infra_model::stack::Moved;
use infra_plan::error::PlanError;
use infra_plan::request::{Goal, PlanOptions, PlanOrigin, PlanRequest};

use crate::language;
use crate::render::{error_text, text};
use crate::schemas::schemas;
use crate::{interpreter, language::graph};

/// A case of planning.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) schemas: SchemaSet,
    pub(crate) options: PlanOptions,
    pub(crate) moved: Vec<Moved>,
}

/// Returns the plan from one stack that was applied to another, as text.
pub(crate) fn plan_text(before: &str, after: &str) -> String {
    World::with(before).plan(after)
}

impl World {
    /// Returns a world in which nothing exists.
    pub(crate) fn empty() -> Self {
        World {
            snapshot: Snapshot {
                lineage: Lineage("test".into()),
                ..Snapshot::default()
            },
            schemas: schemas(),
            options: PlanOptions::default(),
            moved: Vec::new(),
        }
    }

    /// Returns a world in which a stack was applied.
    pub(crate) fn with(stack: &str) -> Self {
        World::empty().apply(stack)
    }

    /// Plans and applies.
    pub(crate) fn apply(mut self, stack: &str) -> Self {
        let plan = self.try_plan(&graph(stack)).unwrap();
        self.snapshot = interpreter::apply(&plan, &self.snapshot, &self.schemas);
        self
    }

    /// Changes what is recorded of one resource.
    pub(crate) fn record(mut self, name: &str, change: impl FnOnce(&mut Record)) -> Self {
        let key = self.key(name);
        let mut record = Record::clone(self.snapshot.records[&key].record().unwrap());
        change(&mut record);
        interpreter::put(&mut self.snapshot, record);
        self
    }

    /// Lets everything recorded be seen as it is recorded, with these differences, one resource a line:
    /// `db status=stopped`, `db gone`, `db half-made`, `db foreign`, `db port:=6000` for an output.
    pub(crate) fn seen(mut self, differences: &str) -> Self {
        for (key, entry) in &self.snapshot.records {
            let observed = as_recorded(entry.record().unwrap());
            self.snapshot
                .observations
                .insert(key.clone(), Observation::Present(observed));
        }
        for line in differences.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let key = self.key(words[0]);
            let observation = self.snapshot.observations.get_mut(&key).unwrap();
            for word in &words[1..] {
                differ(observation, word);
            }
        }
        self
    }

    /// Lets an object be seen that is not recorded.
    pub(crate) fn stray(mut self, kind: &str, name: &str, attributes: &str, owner: Owner) -> Self {
        let words: Vec<&str> = attributes.split_whitespace().collect();
        let address = language::address(kind, name);
        let observed = Observed {
            id: infra_model::record::ObjectId(format!("stray {name}")),
            attributes: language::attributes(&words),
            outputs: language::attributes(&["id=stray"]),
            condition: Condition::Complete,
            owner,
        };
        self.snapshot
            .observations
            .insert(RecordKey::current(address), Observation::Present(observed));
        self
    }

    pub(crate) fn target(mut self, text: &str) -> Self {
        self.options.targets.insert(text.to_owned());
        self
    }

    pub(crate) fn exclude(mut self, text: &str) -> Self {
        self.options.excludes.insert(text.to_owned());
        self
    }

    pub(crate) fn replace(mut self, kind: &str, name: &str) -> Self {
        self.options.replace.insert(language::address(kind, name));
        self
    }

    pub(crate) fn rotate(mut self, kind: &str, name: &str) -> Self {
        self.options.rotate.insert(language::address(kind, name));
        self
    }

    pub(crate) fn destroy(mut self) -> Self {
        self.options.goal = Goal::Destroy;
        self
    }

    pub(crate) fn moved(mut self, from: &str, to: &str) -> Self {
        self.moved.push(Moved {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        self
    }

    /// Plans a stack and returns the plan as text, or the error.
    pub(crate) fn plan(&self, stack: &str) -> String {
        match self.try_plan(&graph(stack)) {
            Ok(plan) => text(&plan),
            Err(error) => error_text(&error),
        }
    }

    /// Plans a graph, twice, and examines the plan.
    pub(crate) fn try_plan(&self, graph: &ResourceGraph) -> Result<Plan, PlanError> {
        let origin = PlanOrigin {
            given: Default::default(),
            engine: "1.0.0".into(),
            stack: "shop".into(),
            environment: "test".into(),
            config: Digest::default(),
            created: Timestamp::from_millis(1),
            expires: Timestamp::from_millis(2),
            rollback: None,
        };
        let request = PlanRequest {
            graph,
            snapshot: &self.snapshot,
            schemas: &self.schemas,
            moved: &self.moved,
            options: &self.options,
            origin: &origin,
        };
        let plan = infra_plan::plan(&request)?;
        let bytes = plan.to_bytes().unwrap();
        assert_eq!(infra_plan::plan(&request).unwrap().to_bytes().unwrap(), bytes);
        assert_eq!(Plan::from_bytes(&bytes).unwrap(), plan);
        let faults = infra_plan::check::check(&plan, &self.snapshot, &self.schemas);
        assert!(faults.is_empty(), "{faults:#?}\n{}", text(&plan));
        Ok(plan)
    }

    /// Returns what is recorded of one resource.
    pub(crate) fn recorded(&self, name: &str) -> Record {
        Record::clone(self.snapshot.records[&self.key(name)].record().unwrap())
    }

    fn key(&self, name: &str) -> RecordKey {
        let component = format!("app.{name}");
        let mut keys = self.snapshot.records.keys();
        let found = keys.find(|key| key.deposed.is_none() && key.address.component_str() == component);
        found
            .unwrap_or_else(|| panic!("`{name}` is not recorded"))
            .clone()
    }
}

fn as_recorded(record: &Record) -> Observed {
    let known = |attributes: &infra_model::value::Attributes| {
        let known = attributes.iter().filter(|(_, value)| value.is_known());
        known
            .map(|(name, value): (&String, _)| (name.clone(), value.clone()))
            .collect()
    };
    Observed {
        id: record.id.clone(),
        attributes: known(&record.inputs),
        outputs: record.outputs.clone(),
        condition: Condition::Complete,
        owner: Owner::Ours {
            address: record.key.address.clone(),
            token: infra_model::journal::Token("made".into()),
        },
    }
}

fn differ(observation: &mut Observation, word: &str) {
    if word == "gone" {
        *observation = Observation::Absent;
        return;
    }
    let Observation::Present(observed) = observation else {
        panic!("`{word}` of something that is gone");
    };
    match word {
        "half-made" => observed.condition = Condition::HalfMade,
        "foreign" => observed.owner = Owner::Other("somebody".into()),
        "untagged" => observed.owner = Owner::Untagged,
        _ if word.contains(":=") => {
            let word = word.replace(":=", "=");
            observed.outputs.extend(language::attributes(&[&word]));
        }
        _ => observed.attributes.extend(language::attributes(&[word])),
    }
}

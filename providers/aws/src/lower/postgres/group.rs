//! The groups that a server refers to.

use infra_model::component::SegmentRef;
use infra_model::component::postgres::Postgres;
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};

use super::parameters::Parameters;
use crate::connection::REGION;
use crate::kinds::rds::parameter_group::PARAMETER_GROUP;
use crate::kinds::rds::subnet_group::SUBNET_GROUP;
use crate::lower::network::places;
use crate::lower::scene::Scene;

/// The longest name of a group.
const LONGEST: usize = 255;
const MAIN: &str = "main";

/// Returns the parameter group. The version stands in its name: during an upgrade both groups are there.
pub(super) fn parameters(scene: &Scene<'_>, postgres: &Postgres, parameters: &Parameters) -> Desired {
    called(scene, postgres, parameters, (MAIN, ""))
}

/// Returns the parameter group of the replica in another region.
pub(super) fn parameters_abroad(
    scene: &Scene<'_>,
    postgres: &Postgres,
    parameters: &Parameters,
    region: &str,
) -> Desired {
    let (name, suffix) = (format!("replica-{region}"), format!("-{region}"));
    let mut group = called(scene, postgres, parameters, (&name, &suffix));
    group.target = Target([(REGION.to_owned(), region.to_owned())].into());
    group
}

fn called(
    scene: &Scene<'_>,
    postgres: &Postgres,
    parameters: &Parameters,
    (name, suffix): (&str, &str),
) -> Desired {
    let family = format!("postgres{}", postgres.version);
    let part = format!("pg{}{suffix}", postgres.version);
    scene.resource(
        PARAMETER_GROUP,
        name,
        [
            ("name", Value::String(scene.name(&part, LONGEST))),
            ("family", Value::String(family)),
            ("parameters", map(&parameters.moving)),
            ("static_parameters", map(&parameters.fixed)),
            ("tags", scene.tags()),
        ],
    )
}

fn map(parameters: &Attributes) -> Value {
    if parameters.is_empty() {
        return Value::Null;
    }
    Value::Map(parameters.clone())
}

/// Returns the subnet group: the subnets of the segment in all zones of its network.
pub(super) fn subnets(scene: &Scene<'_>, segment: &SegmentRef) -> Desired {
    let description = format!("{} of {}", scene.component.address, scene.stack.name);
    scene.resource(
        SUBNET_GROUP,
        MAIN,
        [
            ("name", Value::String(scene.name("", LONGEST))),
            ("description", Value::String(description)),
            ("vpc", places::vpc(segment)),
            ("subnets", Value::list(places::subnets(scene.stack, segment))),
            ("tags", scene.tags()),
        ],
    )
}

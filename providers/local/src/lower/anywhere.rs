//! Lowering on a machine that has whatever a stack asks for: what is wrong there is wrong on every machine.

use std::path::PathBuf;

use infra_model::component::ComponentSpec;
use infra_model::stack::Stack;

use crate::host::capability::Enforcement;
use crate::lower::LocalLowering;
use crate::lower::network::NetworkFacts;
use crate::postgres::extension_catalogue::AvailableExtension;
use crate::postgres::facts::PostgresFacts;
use crate::postgres::pooler::PoolerInstallation;
use crate::redis::facts::RedisFacts;

/// Returns the lowering on such a machine. Its resources are for checks only: paths and versions are made up.
#[must_use]
pub fn lowering(stack: &Stack) -> LocalLowering {
    let mut postgres = PostgresFacts {
        pooler: Some(PoolerInstallation {
            program: PathBuf::new(),
            version: (u16::MAX, 0),
            tls: true,
        }),
        ..PostgresFacts::default()
    };
    for component in stack.components.values() {
        let ComponentSpec::Postgres(wanted) = &component.spec else {
            continue;
        };
        let Ok(major) = u16::try_from(wanted.version) else {
            continue;
        };
        let version = postgres.versions.entry(major).or_default();
        for extension in &wanted.extensions {
            let available = AvailableExtension {
                default_version: None,
            };
            version.extensions.insert(extension.clone(), available);
        }
    }
    LocalLowering {
        network: NetworkFacts {
            environment: PathBuf::new(),
            enforcement: Enforcement::Namespaces,
        },
        postgres,
        redis: RedisFacts {
            installed: Some((u16::MAX, String::new())),
            tls: true,
            fault: None,
        },
    }
}

//! `infra docs`: the files it writes and those it does not, and the documents that are kept in this project.

use infra_tests::environment::TestEnv;
use infra_tests::machine;

use crate::support::{VAULT, document};

const FILES: [&str; 4] = ["topology.md", "topology.svg", "inventory.md", "parity.md"];

/// Documents that are kept beside the others, to be read: folder, stack, environment.
const KEPT: &[(&str, &str, &str)] = &[(
    "docs/examples/experimentation-production",
    "stacks/experimentation",
    "production",
)];

#[test]
fn the_documents_that_are_kept_are_what_the_stack_gives() {
    for (folder, stack, environment) in KEPT {
        let mut env = TestEnv::copy_of(stack);
        let _ = env.run(&["docs", environment, "--out", "written"]).expect(0);
        let kept = machine::project().join(folder);
        for file in FILES {
            let now = std::fs::read_to_string(env.folder().join("written").join(file)).unwrap();
            if machine::variable("INFRA_UPDATE_DOCS").is_some() {
                std::fs::create_dir_all(&kept).unwrap();
                std::fs::write(kept.join(file), &now).unwrap();
            }
            let then = std::fs::read_to_string(kept.join(file)).unwrap_or_default();
            assert!(
                now == then,
                "{folder}/{file} is not what {stack} gives; write it anew with:\n\
                 INFRA_UPDATE_DOCS=1 cargo nextest run -p infra-tests --test cli the_documents_that_are_kept"
            );
        }
    }
}

#[test]
fn only_files_that_were_written_here_are_overwritten() {
    let mut env = TestEnv::stack(VAULT);
    let _ = env.run(&["docs", "local", "--out", "pages/local"]).expect(0);
    let page = env.folder().join("pages/local/inventory.md");
    let before = std::fs::read_to_string(&page).unwrap();
    env.edit("stack.hcl", "default = 24", "default = 32");
    let _ = env.run(&["docs", "local", "--out", "pages/local"]).expect(0);
    let after = std::fs::read_to_string(&page).unwrap();
    assert!(
        before != after && after.contains("`secret.key.generate.length` | `32`"),
        "{after}"
    );
    env.write("pages/local/parity.md", "# Notes of somebody\n");
    env.edit("stack.hcl", "default = 32", "default = 40");
    let told = env
        .run(&["docs", "local", "--out", "pages/local"])
        .expect(1)
        .stderr;
    assert!(
        told.contains("parity.md` exists and was not written by this command"),
        "{told}"
    );
    assert_eq!(
        std::fs::read_to_string(&page).unwrap(),
        after,
        "none is written then"
    );
    env.abandon();
}

#[test]
fn without_a_folder_the_pages_are_printed() {
    let mut env = TestEnv::stack(VAULT);
    let told = env.run(&["docs", "local"]).expect(0).stdout;
    for title in ["# Topology: shop", "# Inventory: shop", "# Differences: shop"] {
        assert!(told.contains(title), "{told}");
    }
    assert!(!told.contains("<svg"), "{told}");
    let found = document(&env.run(&["docs", "local", "--json"]).expect(0));
    let pages = found["pages"].as_object().unwrap();
    assert!(FILES.iter().all(|file| pages.contains_key(*file)));
    let missing = env.run(&["docs", "elsewhere"]).expect(1).stderr;
    assert!(missing.contains("no environment `elsewhere`"), "{missing}");
    assert!(
        !env.folder().join(".infra").exists(),
        "only the stack is looked at"
    );
}

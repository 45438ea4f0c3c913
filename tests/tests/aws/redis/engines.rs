//! Engines and their versions: the way up, and none back.

use infra_tests::environment::TestEnv;
use serde_json::json;

use super::{GROUP, SEEN, SERVER, applied, apply, expect_no_changes, server, with};

#[test]
fn a_newer_engine_comes_with_the_parameters_of_its_family() {
    let six = SERVER.replace("size        =", "version     = 6\n  size        =");
    let Some((cloud, mut env)) = applied("a_newer_engine", &six) else {
        return;
    };
    let old = json!({"engine": ["redis", "6.2.6"], "family": "redis6.x"});
    assert_eq!(cloud.boto(SEEN), with(server(), &old));
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "version     = 6", "version     = 7");
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), server());
    expect_no_changes(&mut env);
    env.edit("stack.hcl", "version     = 7", "version     = 8");
    env.edit("stack.hcl", "tags = {", "engine = \"valkey\"\n    tags = {");
    apply(&mut env);
    let new = json!({"engine": ["valkey", "8.1.0"], "family": "valkey8"});
    assert_eq!(cloud.boto(SEEN), with(server(), &new));
    expect_no_changes(&mut env);
    let groups = "show([one['CacheParameterGroupName'] for one in client('elasticache').describe_cache_parameter_groups()['CacheParameterGroups'] if not one['CacheParameterGroupName'].startswith('default.')])";
    assert_eq!(cloud.boto(groups), json!(["caches-staging-cache-valkey8"]));
    expect_no_way_back(&mut env);
    assert_eq!(cloud.boto(SEEN), with(server(), &new));
}

/// Neither to an older version nor to the other engine: the plan says so, and which way there is.
fn expect_no_way_back(env: &mut TestEnv) {
    env.edit("stack.hcl", "version     = 8", "version     = 7");
    let older = env.run(&["plan", "staging"]).expect(1);
    let told = [
        format!("`engine_version` of `{GROUP}` from `8.1` to `7.2`"),
        format!("--replace '{GROUP}'"),
    ];
    for text in &told {
        assert!(older.stderr.contains(text), "{text}: {older}");
    }
    env.edit("stack.hcl", "engine = \"valkey\"\n    ", "");
    let other = env.run(&["apply", "staging", "--yes"]).expect(1);
    let told = format!("`engine` of `{GROUP}` from `valkey` to `redis`");
    assert!(other.stderr.contains(&told), "{other}");
    let replaced = env.run(&["plan", "staging", "--replace", GROUP]).expect(0);
    assert!(
        replaced
            .stdout
            .contains("asked for; the old one goes first; DESTROYS DATA"),
        "{replaced}"
    );
}

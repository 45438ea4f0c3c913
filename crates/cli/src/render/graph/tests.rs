//! The drawn forms of a graph.

use insta::assert_snapshot;

use super::*;

fn edges() -> Edges {
    let all = [
        (
            "key_vault.app/local.vault.secret.url",
            &["postgres.main/local.postgres.server.primary"][..],
        ),
        ("key_vault.of[\"a<b&c\"]/local.vault.secret.key", &[]),
        (
            "key_vault.of[\"a<b&c\"]/local.vault.secret.oidc",
            &["key_vault.app/local.vault.secret.url"],
        ),
        ("postgres.main/local.postgres.server.primary", &[]),
    ];
    let parse = |text: &str| text.parse::<Address>().unwrap();
    all.iter()
        .map(|(address, needs)| (parse(address), needs.iter().map(|need| parse(need)).collect()))
        .collect()
}

#[test]
fn dot() {
    assert_snapshot!(super::dot(&edges()), @r#"
    digraph infra {
      rankdir = LR;
      node [shape = box];
      "key_vault.app/local.vault.secret.url" [label = "key_vault.app\nlocal.vault.secret\nurl"];
      "key_vault.of[\"a<b&c\"]/local.vault.secret.key" [label = "key_vault.of[\"a<b&c\"]\nlocal.vault.secret\nkey"];
      "key_vault.of[\"a<b&c\"]/local.vault.secret.oidc" [label = "key_vault.of[\"a<b&c\"]\nlocal.vault.secret\noidc"];
      "postgres.main/local.postgres.server.primary" [label = "postgres.main\nlocal.postgres.server\nprimary"];
      "key_vault.app/local.vault.secret.url" -> "postgres.main/local.postgres.server.primary";
      "key_vault.of[\"a<b&c\"]/local.vault.secret.oidc" -> "key_vault.app/local.vault.secret.url";
    }
    "#);
}

#[test]
fn mermaid_draws_a_box_around_each_component() {
    assert_snapshot!(mermaid(&edges()), @r#"
    flowchart LR
      subgraph c0["key_vault.app"]
        r0["local.vault.secret<br/>url"]
      end
      subgraph c1["key_vault.of[#quot;a<b&c#quot;]"]
        r1["local.vault.secret<br/>key"]
        r2["local.vault.secret<br/>oidc"]
      end
      subgraph c3["postgres.main"]
        r3["local.postgres.server<br/>primary"]
      end
      r0 --> r3
      r2 --> r0
    "#);
}

#[test]
fn svg_is_one_drawing_with_every_resource() {
    let svg = svg(&edges()).unwrap();
    assert!(
        svg.contains("<svg ") && svg.trim_end().ends_with("</svg>"),
        "{svg}"
    );
    for text in ["local.vault.secret", "primary", "oidc"] {
        assert!(svg.contains(text), "{text} is missing in {svg}");
    }
    assert!(!svg.contains("a<b"), "names are escaped: {svg}");
}

#[test]
fn an_empty_graph_is_drawn_too() {
    assert!(svg(&Edges::new()).is_ok_and(|svg| svg.contains("</svg>")));
    assert_snapshot!(mermaid(&Edges::new()), @"flowchart LR");
}

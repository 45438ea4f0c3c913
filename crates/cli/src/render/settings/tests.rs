//! Every form, with values that some reader takes for something else.

use infra_engine::settings::ResolvedSetting;
use infra_model::sealing::Secret;
use insta::assert_snapshot;

use super::*;

fn setting(name: &str, text: &str, secret: bool) -> ResolvedSetting {
    ResolvedSetting {
        name: name.to_owned(),
        text: Secret::new(text),
        secret,
        description: None,
    }
}

/// Everything that some reader takes for something else.
fn consumers() -> Vec<ResolvedConsumer> {
    vec![ResolvedConsumer {
        name: "web_api".to_owned(),
        description: None,
        settings: vec![
            setting("DATABASE_URL", "postgres://app:p$w'd@db/app", true),
            setting("GREETING", "it's \"5 $HOME\" \\ and\nmore", false),
            setting("LOG_LEVEL", "off", false),
            setting("WORKERS", "3", false),
        ],
    }]
}

fn rendered(format: Format) -> String {
    let origin = Origin {
        stack: "shop",
        environment: "production",
    };
    render(format, origin, &consumers(), false)
}

#[test]
fn lines_quote_what_their_readers_would_take_for_something_else() {
    assert_snapshot!(rendered(Format::Dotenv), @r#"
    DATABASE_URL="postgres://app:p\$w'd@db/app"
    GREETING="it's \"5 \$HOME\" \\ and\nmore"
    LOG_LEVEL='off'
    WORKERS='3'
    "#);
    assert_snapshot!(rendered(Format::Shell), @r#"
    export DATABASE_URL='postgres://app:p$w'\''d@db/app'
    export GREETING='it'\''s "5 $HOME" \ and
    more'
    export LOG_LEVEL='off'
    export WORKERS='3'
    "#);
    assert_snapshot!(rendered(Format::Json), @r#"
    {
      "DATABASE_URL": "postgres://app:p$w'd@db/app",
      "GREETING": "it's \"5 $HOME\" \\ and\nmore",
      "LOG_LEVEL": "off",
      "WORKERS": "3"
    }
    "#);
}

#[test]
fn what_can_be_committed_refers_to_secrets() {
    for format in [
        Format::DockerCompose,
        Format::Kubernetes,
        Format::ExternalSecrets,
        Format::Infisical,
        Format::GithubActions,
    ] {
        let text = rendered(format);
        assert!(!text.contains("p$w'd") && text.contains("LOG_LEVEL"), "{text}");
    }
    assert_snapshot!(rendered(Format::DockerCompose), @r#"
    services:
      web_api:
        environment:
          DATABASE_URL: "${DATABASE_URL:?a secret, see: infra run}"
          GREETING: |-
            it's "5 $$HOME" \ and
            more
          LOG_LEVEL: "off"
          WORKERS: "3"
    "#);
}

#[test]
fn manifests_for_clusters() {
    assert_snapshot!(rendered(Format::Kubernetes), @r#"
    ---
    apiVersion: v1
    data:
      GREETING: |-
        it's "5 $HOME" \ and
        more
      LOG_LEVEL: "off"
      WORKERS: "3"
    kind: ConfigMap
    metadata:
      name: shop-web-api
    # Its secrets: infra env production web_api --format kubernetes --show-secrets | kubectl apply -f -
    "#);
}

#[test]
fn manifests_that_lead_an_operator_to_the_secrets() {
    assert_snapshot!(rendered(Format::ExternalSecrets), @r#"
    ---
    apiVersion: v1
    data:
      GREETING: |-
        it's "5 $HOME" \ and
        more
      LOG_LEVEL: "off"
      WORKERS: "3"
    kind: ConfigMap
    metadata:
      name: shop-web-api
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata:
      name: shop-web-api
    spec:
      data:
      - remoteRef:
          key: shop/production/web_api
          property: DATABASE_URL
        secretKey: DATABASE_URL
      refreshInterval: 1h
      secretStoreRef:
        kind: SecretStore
        name: shop
      target:
        name: shop-web-api
    "#);
    assert_snapshot!(rendered(Format::Infisical), @r#"
    ---
    apiVersion: v1
    data:
      GREETING: |-
        it's "5 $HOME" \ and
        more
      LOG_LEVEL: "off"
      WORKERS: "3"
    kind: ConfigMap
    metadata:
      name: shop-web-api
    ---
    apiVersion: secrets.infisical.com/v1alpha1
    kind: InfisicalSecret
    metadata:
      name: shop-web-api
    spec:
      authentication:
        universalAuth:
          credentialsRef:
            secretName: infisical-credentials
            secretNamespace: default
          secretsScope:
            envSlug: production
            projectSlug: shop
            secretsPath: /web_api
      managedKubeSecretReferences:
      - creationPolicy: Owner
        secretName: shop-web-api
        secretNamespace: default
    "#);
}

#[test]
fn workflows_refer_to_the_secrets_of_their_repository() {
    assert_snapshot!(rendered(Format::GithubActions), @r#"
    env:
      DATABASE_URL: ${{ secrets.DATABASE_URL }}
      GREETING: |-
        it's "5 $HOME" \ and
        more
      LOG_LEVEL: "off"
      WORKERS: "3"
    "#);
}

#[test]
fn a_secret_manifest_is_whole_for_those_who_ask() {
    let origin = Origin {
        stack: "shop",
        environment: "production",
    };
    let text = render(Format::Kubernetes, origin, &consumers(), true);
    assert!(text.contains("p$w'd") && text.contains("kind: Secret"), "{text}");
    assert!(!text.contains("kubectl apply"), "{text}");
}

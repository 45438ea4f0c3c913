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

const ORIGIN: Origin<'_> = Origin {
    stack: "shop",
    environment: "production",
};

fn form(format: Format) -> Form<'static> {
    Form {
        format,
        show_secrets: false,
        namespace: None,
    }
}

fn rendered(format: Format) -> String {
    render(form(format), ORIGIN, &consumers()).unwrap()
}

#[test]
fn lines_quote_what_their_readers_would_take_for_something_else() {
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
    let shown = Form {
        show_secrets: true,
        ..form(Format::Kubernetes)
    };
    let text = render(shown, ORIGIN, &consumers()).unwrap();
    assert!(text.contains("p$w'd") && text.contains("kind: Secret"), "{text}");
    assert!(!text.contains("kubectl apply"), "{text}");
}

fn of_one(name: &str, text: &str, secret: bool) -> Vec<ResolvedConsumer> {
    vec![ResolvedConsumer {
        name: "web".to_owned(),
        description: None,
        settings: vec![setting(name, text, secret)],
    }]
}

#[test]
fn what_a_form_cannot_hold_is_refused() {
    let refused = |format, consumers: &[ResolvedConsumer]| {
        let refused = render(form(format), ORIGIN, consumers);
        refused.unwrap_err().message
    };
    assert!(refused(Format::Dotenv, &consumers()).contains("`DATABASE_URL`"));
    let reserved = of_one("GITHUB_KEY", "x", true);
    assert!(refused(Format::GithubActions, &reserved).contains("`GITHUB_KEY`"));
    let mut alike = of_one("A", "1", false);
    alike.extend(of_one("A", "2", false));
    alike[0].name = "web_api".to_owned();
    alike[1].name = "web-api".to_owned();
    assert!(refused(Format::Kubernetes, &alike).contains("`shop-web-api`"));
}

#[test]
fn what_looks_like_an_expression_stays_text_in_a_workflow() {
    let text = render(
        form(Format::GithubActions),
        ORIGIN,
        &of_one("TEMPLATE", "${{ github.token }}", false),
    );
    assert_snapshot!(text.unwrap(), @r#"
    env:
      TEMPLATE: ${{ '${{' }} github.token }}
    "#);
}

#[test]
fn manifests_may_name_their_namespace() {
    let named = Form {
        namespace: Some("shop"),
        ..form(Format::Infisical)
    };
    let origin = Origin {
        stack: "my_shop_",
        environment: "production",
    };
    assert_snapshot!(render(named, origin, &of_one("KEY", "x", true)).unwrap(), @r#"
    ---
    apiVersion: v1
    data: {}
    kind: ConfigMap
    metadata:
      name: my-shop--web
      namespace: shop
    ---
    apiVersion: secrets.infisical.com/v1alpha1
    kind: InfisicalSecret
    metadata:
      name: my-shop--web
      namespace: shop
    spec:
      authentication:
        universalAuth:
          credentialsRef:
            secretName: infisical-credentials
            secretNamespace: shop
          secretsScope:
            envSlug: production
            projectSlug: my_shop_
            secretsPath: /web
      managedKubeSecretReferences:
      - creationPolicy: Owner
        secretName: my-shop--web
        secretNamespace: shop
    "#);
}

//! Addresses and options.

use super::connect::{ConnectError, knows};
use super::*;

fn request(url: &str, options: &[(&str, &str)]) -> OpenRequest {
    let options = options.iter();
    OpenRequest {
        url: url.to_owned(),
        options: options
            .map(|(option, value)| ((*option).to_owned(), Secret::new(*value)))
            .collect(),
        path: "shop/local".to_owned(),
    }
}

async fn refusal(url: &str, options: &[(&str, &str)]) -> String {
    match open(&request(url, options)).await {
        Err(StoreError::Io { source, .. }) => match source.downcast_ref::<ConnectError>() {
            Some(error) => error.to_string(),
            None => panic!("{source:?}"),
        },
        other => panic!("{url} must be refused, but: {other:?}"),
    }
}

#[tokio::test]
async fn addresses_of_all_services_are_understood() {
    let azure = [("azure_storage_account", "team"), ("azure_storage_key", "a2V5")];
    for (url, options, place) in [
        ("s3://states", &[][..], "s3://states/shop/local"),
        ("s3://states/team/a/", &[], "s3://states/team/a/shop/local"),
        ("az://states/team", &azure, "az://states/team/shop/local"),
    ] {
        let store = open(&request(url, options)).await.unwrap();
        assert_eq!(store.shared.bucket.place(), place);
    }
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    for url in [
        "states",
        "gs://states",
        "abfs://states",
        "s3://states@team",
        "s3://",
        "s3://key:secret@states",
        "s3://states?versionId=1",
        "file://host/folder",
    ] {
        let message = refusal(url, &[]).await;
        let told = "The address of the store is not one of a bucket, container or folder: ";
        assert!(
            message.starts_with(told) && !message.contains("secret"),
            "{message}"
        );
    }
}

#[tokio::test]
async fn a_folder_that_does_not_exist_is_not_made() {
    let folder = Folder::new();
    let gone = folder.0.path().join("not mounted");
    let url = format!("file://{}", gone.display());
    let message = refusal(&url, &[]).await;
    assert!(message.ends_with("is not a folder"), "{message}");
    assert!(!gone.exists());
}

#[tokio::test]
async fn an_option_that_means_nothing_is_refused_and_can_be_asked_for() {
    insta::assert_snapshot!(
        refusal("s3://states", &[("aws_regoin", "eu-west-1")]).await,
        @"`aws_regoin` is not an option for `s3://states`"
    );
    assert!(knows("s3://states", "aws_region") && !knows("s3://states", "aws_pager"));
    assert!(knows("az://states", "azure_storage_key") && !knows("az://states", "aws_region"));
    assert!(!knows("file:///states", "aws_region") && !knows("nonsense", "aws_region"));
}

#[tokio::test]
async fn reading_a_folder_leaves_no_trace() {
    let folder = Folder::new();
    let store = open(&folder.request()).await.unwrap();
    assert!(store.load().await.unwrap().is_none());
    assert_eq!(std::fs::read_dir(folder.0.path()).unwrap().count(), 0);
}

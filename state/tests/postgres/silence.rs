//! Who accepts a connection and says nothing is given up in the time that the URL allows.

use std::net::TcpListener;

use infra_model::sealing::Secret;
use infra_state::stores::postgres::open;

use super::*;

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    // The kernel accepts what nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let request = OpenRequest {
        url: Secret::new(format!(
            "postgres://team:hunter2@127.0.0.1:{port}/states?connect_timeout=1"
        )),
        stack: "shop".to_owned(),
        environment: "local".to_owned(),
    };
    let error = open(&request).await.map(drop).unwrap_err();
    let why = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(why, format!("`127.0.0.1:{port}/states`: no answer within 1 s"));
}

//! TLS: the server proves who it is as far as the URL asks for.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;

/// Starts a server with a certificate for `localhost` by an authority whose own is in the file that is returned.
fn start() -> Option<(Place, String)> {
    let mut place = Place::start()?;
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority
        .distinguished_name
        .push(DnType::CommonName, "authority of the test");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params
        .signed_by(&key, &Issuer::new(authority, authority_key))
        .unwrap();

    place.server.stop();
    let data = place.server.path("data");
    fs::write(data.join("server.crt"), certificate.pem()).unwrap();
    fs::write(data.join("server.key"), key.serialize_pem()).unwrap();
    fs::set_permissions(data.join("server.key"), fs::Permissions::from_mode(0o600)).unwrap();
    let roots = place.server.path("authority.pem");
    fs::write(&roots, authority_pem).unwrap();
    fs::write(data.join("postgresql.auto.conf"), "ssl = on\n").unwrap();
    place.server.start_again();
    Some((place, roots.display().to_string()))
}

async fn attempt(place: &Place, host: &str, parameters: &str) -> Result<PostgresStore, String> {
    let url = place
        .server
        .url(parameters)
        .expose()
        .replace("@127.0.0.1:", &format!("@{host}:"));
    let request = OpenRequest {
        url: infra_model::sealing::Secret::new(url),
        ..place.request()
    };
    let opened = open_with(&request, LeaseClock::Server).await;
    opened.map_err(|error| std::error::Error::source(&error).unwrap().to_string())
}

#[tokio::test]
async fn the_server_proves_who_it_is_as_far_as_the_url_asks() {
    let (place, roots) = place!(start());
    let other = place.server.path("other.pem");
    let stranger = CertificateParams::new(vec!["stranger".to_owned()]).unwrap();
    let stranger = stranger.self_signed(&KeyPair::generate().unwrap()).unwrap();
    fs::write(&other, stranger.pem()).unwrap();
    let other = other.display().to_string();
    let empty = place.server.path("empty.pem");
    fs::write(&empty, "").unwrap();
    let empty = empty.display().to_string();

    for (host, parameters) in [
        ("localhost", "sslmode=disable".to_owned()),
        ("localhost", "sslmode=require".to_owned()),
        ("localhost", format!("sslmode=verify-full&sslrootcert={roots}")),
        ("127.0.0.1", format!("sslmode=verify-ca&sslrootcert={roots}")),
        (
            "127.0.0.1",
            format!("sslmode=require&sslrootcert={roots}&channel_binding=require"),
        ),
    ] {
        let store = attempt(&place, host, &parameters).await;
        store.unwrap_or_else(|error| panic!("{parameters}: {error}"));
    }
    for (host, parameters, why) in [
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={roots}"),
            "not valid for name",
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={other}"),
            "UnknownIssuer",
        ),
        (
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={other}"),
            "UnknownIssuer",
        ),
        ("localhost", "sslmode=verify-full".to_owned(), "UnknownIssuer"),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={empty}"),
            "empty.pem` cannot be used: there are none",
        ),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert=/no/such/file".to_owned(),
            "`/no/such/file` cannot be used",
        ),
    ] {
        let refusal = attempt(&place, host, &parameters).await.unwrap_err();
        assert!(refusal.contains(why), "{parameters}: {refusal}");
    }
}

#[tokio::test]
async fn tls_is_used_where_it_can_be_had_and_missed_where_it_must_be() {
    let (place, _) = place!(start());
    let store = attempt(&place, "localhost", "").await.unwrap();
    begin(&store).await;
    let query = "select count(*) from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'infra' and ssl";
    assert_eq!(place.value(query).await, "1");

    let plain = Place::start().unwrap();
    let refusal = attempt(&plain, "localhost", "sslmode=require").await.unwrap_err();
    assert!(refusal.contains("server does not support TLS"), "{refusal}");
    attempt(&plain, "localhost", "").await.unwrap();
}

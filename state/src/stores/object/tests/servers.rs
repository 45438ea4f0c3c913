//! Real servers: moto for S3, Azurite for Azure Blob, each in memory and gone with the test.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// The account that every Azurite has, and its key, which is no secret.
const AZURITE_ACCOUNT: &str = "devstoreaccount1";
const AZURITE_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A signature under that key which allows to make containers, and nothing else, until 2099.
const AZURITE_SIGNATURE: &str = "sv=2021-08-06&ss=b&srt=c&sp=c&se=2099-01-01T00:00:00Z\
    &sig=Zh%2BxoG0Tpd3TnXTdGJG46O1LhMyMs4WDRlN0HHN4VF4%3D";

/// What the client signs its requests to moto with: long and rare enough to be looked for.
pub(super) const MOTO_SECRET: &str = "moto-takes-any-secret-key-4f1d9c";

/// A server of this test.
pub(super) struct Server {
    child: Child,
    /// The server ends when this is closed, even if the test is killed.
    _alive: ChildStdin,
    url: &'static str,
    options: BTreeMap<String, Secret>,
    places: AtomicUsize,
}

impl Server {
    /// Starts moto with one bucket; none when it is not installed.
    pub(super) async fn moto(test: &str) -> Option<Self> {
        let options = [
            ("aws_region", "eu-central-1"),
            ("aws_access_key_id", "tests"),
            ("aws_secret_access_key", MOTO_SECRET),
        ];
        let (server, endpoint) = Server::start(
            test,
            "moto/bin/moto-server",
            "s3://states/team",
            &options,
            "aws_endpoint_url",
        )?;
        make(&format!("{endpoint}/states"), "").await;
        Some(server)
    }

    /// Starts Azurite with one container; none when it is not installed.
    pub(super) async fn azurite(test: &str) -> Option<Self> {
        let options = [
            ("azure_storage_account_name", AZURITE_ACCOUNT),
            ("azure_storage_account_key", AZURITE_KEY),
        ];
        let program = "azurite/bin/azurite-blob";
        let (mut server, endpoint) = Server::start(
            test,
            program,
            "az://states/team",
            &options,
            "azure_storage_endpoint",
        )?;
        let endpoint = format!("{endpoint}/{AZURITE_ACCOUNT}");
        let query = format!("?restype=container&{AZURITE_SIGNATURE}");
        make(&format!("{endpoint}/states"), &query).await;
        let option = "azure_storage_endpoint".to_owned();
        server.options.insert(option, Secret::new(endpoint));
        Some(server)
    }

    fn start(
        test: &str,
        program: &str,
        url: &'static str,
        options: &[(&str, &str)],
        endpoint_option: &str,
    ) -> Option<(Self, String)> {
        let program = servers().join(program);
        if !program.is_file() {
            skip(
                test,
                &format!(
                    "`{}` is not installed; run: scripts/install-servers --for-tests",
                    program.display()
                ),
            );
            return None;
        }
        let mut child = Command::new(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let alive = child.stdin.take().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let endpoint = said
            .filter_map(|line| Some(format!("http://{}", line.split_once("http://")?.1)))
            .next()
            .expect("a server says where it listens");
        let mut options: BTreeMap<_, _> = options
            .iter()
            .map(|(option, value)| ((*option).to_owned(), Secret::new(*value)))
            .collect();
        options.insert(endpoint_option.to_owned(), Secret::new(endpoint.clone()));
        let server = Server {
            child,
            _alive: alive,
            url,
            options,
            places: AtomicUsize::new(0),
        };
        Some((server, endpoint))
    }

    /// Returns a place where nothing is yet.
    pub(super) fn place(&self) -> Place {
        let number = self.places.fetch_add(1, Ordering::Relaxed);
        Place(OpenRequest {
            url: self.url.to_owned(),
            options: self.options.clone(),
            path: format!("shop/local-{number}"),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A place on a server.
pub(super) struct Place(pub(super) OpenRequest);

#[async_trait]
impl OpenStore for Place {
    async fn open(&self) -> SharedStore {
        Arc::new(open(&self.0).await.unwrap())
    }
}

/// Makes a bucket or container.
async fn make(url: &str, query: &str) {
    connect::use_own_cryptography();
    let made = reqwest::Client::new()
        .put(format!("{url}{query}"))
        .header("x-ms-version", "2021-08-06")
        .send()
        .await
        .unwrap();
    assert!(made.status().is_success(), "{}", made.text().await.unwrap());
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by their runner where things are"
)]
pub(super) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn servers() -> PathBuf {
    let data = || {
        let home = || PathBuf::from(variable("HOME").unwrap_or_default()).join(".local/share");
        let data = variable("XDG_DATA_HOME").map_or_else(home, PathBuf::from);
        data.join("infra/servers")
    };
    variable("INFRA_SERVERS").map_or_else(data, PathBuf::from)
}

/// Notes that a test is skipped and why, where `make test` collects it.
fn skip(test: &str, reason: &str) {
    let line = format!("{test}: {reason}\n");
    let noted = variable("INFRA_TEST_SKIPS").and_then(|path| {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .ok()?;
        file.write_all(line.as_bytes()).ok()
    });
    if noted.is_none() {
        eprint!("skipped {line}");
    }
}

//! Identities: the file with the private half of an `age` key pair, readable by its owner alone.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use age::secrecy::ExposeSecret as _;
use age::x25519;
use zeroize::Zeroizing;

use crate::sealing::error::KeyError;

/// The private half of an `age` key pair.
#[derive(Clone)]
pub struct Identity(x25519::Identity);

impl Identity {
    /// Returns the public half as text, `age1…`: for whom others may wrap keys.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.0.to_public().to_string()
    }

    pub(super) fn recipient(&self) -> x25519::Recipient {
        self.0.to_public()
    }

    pub(super) fn inner(&self) -> &x25519::Identity {
        &self.0
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.public_key())
    }
}

/// Reads an identity file as `age-keygen` writes them.
///
/// # Errors
///
/// When there is none, others can read it, or it holds no identity.
pub fn read(path: &Path) -> Result<Identity, KeyError> {
    let text = match fs::read(path) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyError::NoIdentity { path: path.into() });
        }
        Err(error) => return Err(failed("read", path)(error)),
    };
    let mode = fs::metadata(path)
        .map_err(failed("read", path))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.into() });
    }
    let not_one = || KeyError::NotAnIdentity { path: path.into() };
    let text = std::str::from_utf8(&text).map_err(|_| not_one())?;
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with('#'));
    let identity = line.ok_or_else(not_one)?.parse().map_err(|_| not_one())?;
    Ok(Identity(identity))
}

/// Makes a new identity and writes it to a file that only its owner can read. The file appears whole and durable,
/// or not at all.
///
/// # Errors
///
/// When there is a file already or it cannot be written.
pub fn create(path: &Path) -> Result<Identity, KeyError> {
    let identity = Identity(x25519::Identity::generate());
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    write_new(&identity, path, folder).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => KeyError::IdentityExists { path: path.into() },
        _ => failed("written", path)(error),
    })?;
    Ok(identity)
}

/// Reads an identity file, or makes one where there is none.
///
/// # Errors
///
/// As [`read`] and [`create`].
pub fn read_or_create(path: &Path) -> Result<Identity, KeyError> {
    match read(path) {
        Err(KeyError::NoIdentity { .. }) => match create(path) {
            // Another process made it in this moment: its identity counts.
            Err(KeyError::IdentityExists { .. }) => read(path),
            made => made,
        },
        found => found,
    }
}

fn write_new(identity: &Identity, path: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(folder)?;
    writeln!(file, "# public key: {}", identity.public_key())?;
    let secret = identity.0.to_string();
    file.write_all(secret.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn failed<'a>(attempt: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KeyError + 'a {
    move |source| KeyError::Io {
        attempt,
        path: path.into(),
        source,
    }
}

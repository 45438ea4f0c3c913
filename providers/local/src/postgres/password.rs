//! Turns a password into the verifier that PostgreSQL stores.
//!
//! Only the verifier is sent to a server: whatever it logs, and whatever `pg_stat_statements` keeps, the password is
//! not in it, and nobody can log in with a verifier.

/// Returns a fresh SCRAM-SHA-256 verifier for a password.
pub fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}

/// Returns a short digest of a stored verifier, by which a change made behind our back is seen.
///
/// The salt in the verifier is random, so the digest tells nothing of the password.
pub fn fingerprint(verifier: &str) -> String {
    blake3::hash(verifier.as_bytes()).to_hex().as_str()[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_does_not_hold_the_password_and_never_repeats() {
        let first = verifier("correct horse");
        assert!(first.starts_with("SCRAM-SHA-256$4096:"));
        assert!(!first.contains("correct"));
        assert_ne!(first, verifier("correct horse"));
        assert_ne!(fingerprint(&first), fingerprint(&verifier("correct horse")));
    }
}

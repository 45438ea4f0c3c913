//! How a replica comes to be.

use crate::compose::postgres::VOLUME;
use crate::compose::script::cat;
use crate::postgres::configuration::REPLICATION_ROLE;

/// Returns the script that copies the primary once, and then follows it.
///
/// The slot that keeps the log for it is made with the copy: a replica may come after its primary, and a slot that was lost
/// while a replica was away is of no use to its next copy.
pub(super) fn script(primary: &str, number: u32, secret: &str) -> String {
    let password = cat(secret);
    format!(
        "set -eu\n\
         umask 077\n\
         passfile=/var/lib/postgresql/passfile\n\
         printf '*:*:*:{REPLICATION_ROLE}:%s\\n' \"{password}\" > \"$passfile\"\n\
         chown postgres:postgres \"$passfile\" {VOLUME}\n\
         export PGPASSFILE=\"$passfile\"\n\
         if [ ! -d \"$PGDATA\" ]; then\n\
         \x20 rm -rf {VOLUME}/copy\n\
         \x20 primary='--host={primary} --username={REPLICATION_ROLE} --no-password --slot=replica_{number}'\n\
         \x20 gosu postgres pg_receivewal $primary --drop-slot 2> /dev/null || true\n\
         \x20 gosu postgres pg_receivewal $primary --create-slot --if-not-exists\n\
         \x20 gosu postgres pg_basebackup $primary --checkpoint=fast --wal-method=stream --write-recovery-conf \\\n\
         \x20   --pgdata={VOLUME}/copy\n\
         \x20 mv {VOLUME}/copy \"$PGDATA\"\n\
         fi\n\
         exec gosu postgres postgres \"$@\"\n"
    )
}

//! How a replica comes to be.

use crate::compose::postgres::VOLUME;
use crate::compose::postgres::sql::slot;
use crate::compose::script::cat;
use crate::postgres::configuration::REPLICATION_ROLE;

/// Returns the script that copies the primary once, and then follows it.
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
         \x20 gosu postgres pg_basebackup --host={primary} --username={REPLICATION_ROLE} --no-password --checkpoint=fast \\\n\
         \x20   --wal-method=stream --slot={slot} --write-recovery-conf --pgdata={VOLUME}/copy\n\
         \x20 mv {VOLUME}/copy \"$PGDATA\"\n\
         fi\n\
         exec gosu postgres postgres \"$@\"\n",
        slot = slot(number)
    )
}

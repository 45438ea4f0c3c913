//! The images, each pinned by a tag that other public projects pin too, and the page that lists all of its tags.

use infra_model::component::Component;
use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;

/// PostgreSQL of the Docker community (Debian, with all contrib modules) and pgvector 0.8.5, as `scripts/install-servers`
/// installs it: <https://hub.docker.com/r/pgvector/pgvector/tags>.
/// 18 moved its data directory, and 14 is at its end.
const POSTGRES: [(u32, &str); 3] = [
    (15, "pgvector/pgvector:0.8.5-pg15"),
    (16, "pgvector/pgvector:0.8.5-pg16"),
    (17, "pgvector/pgvector:0.8.5-pg17"),
];

/// The extensions in all of these images: PostgreSQL's own, as Debian builds them, and pgvector. Languages other than PL/pgSQL are
/// packages of their own.
const EXTENSIONS: [&str; 46] = [
    "amcheck",
    "autoinc",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "dict_xsyn",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hstore",
    "insert_username",
    "intagg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "moddatetime",
    "pageinspect",
    "pg_buffercache",
    "pg_freespacemap",
    "pg_prewarm",
    "pg_stat_statements",
    "pg_surgery",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgcrypto",
    "pgrowlocks",
    "pgstattuple",
    "plpgsql",
    "postgres_fdw",
    "refint",
    "seg",
    "sslinfo",
    "tablefunc",
    "tcn",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
    "xml2",
];

/// Those that only some versions have, and the last of these.
const EXTENSIONS_UNTIL: [(&str, u32); 2] = [("adminpack", 16), ("old_snapshot", 16)];

/// Redis of the Docker community: <https://hub.docker.com/_/redis/tags>. 7.2 is the last under the BSD licence.
/// Before 7.2.11 and 8.2.2 a client's script could run code of its own (CVE-2025-49844).
const REDIS: [(u32, &str); 2] = [(7, "redis:7.2.11"), (8, "redis:8.2.3")];

/// PgBouncer on Alpine, with PostgreSQL's clients: <https://hub.docker.com/r/edoburu/pgbouncer/tags>. There is no official image.
pub(super) const PGBOUNCER: &str = "edoburu/pgbouncer:v1.25.1-p0";

/// The version in that image, major and minor.
pub(super) const PGBOUNCER_VERSION: (u16, u16) = (1, 25);

/// The user `postgres` of that image, in numbers: some versions of Compose look a name up on the wrong side and hand nothing over
/// (<https://github.com/docker/compose/issues/10595>).
pub(super) const PGBOUNCER_USER: &str = "70:70";

/// The last community image: <https://quay.io/repository/minio/minio?tab=tags>. In September 2026 it was removed from Docker
/// Hub; Quay keeps the same images and gets no new ones. Who knows the id of a key that may write needs no more to write
/// (CVE-2026-40344, CVE-2026-41145), which no community image corrects.
pub(super) const MINIO: &str = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z";

/// MinIO's client, the last community image, kept as the server's is: <https://quay.io/repository/minio/mc?tab=tags>.
pub(super) const MINIO_CLIENT: &str = "quay.io/minio/mc:RELEASE.2025-08-13T08-35-41Z";

/// Returns the image of a version of PostgreSQL.
///
/// # Errors
/// When none is pinned.
pub(super) fn postgres(component: &Component, version: u32) -> Result<&'static str, Diagnostic> {
    of_version(component, ("PostgreSQL", version), &POSTGRES)
}

/// Returns the image of a version of Redis.
///
/// # Errors
/// When none is pinned.
pub(super) fn redis(component: &Component, version: u32) -> Result<&'static str, Diagnostic> {
    of_version(component, ("Redis", version), &REDIS)
}

/// Returns what a component wants of its image and the image lacks.
pub(super) fn lacking(component: &Component, postgres: &Postgres) -> Option<Diagnostic> {
    let version = postgres.version;
    let is_there = |wanted: &String| {
        let is_of_some = EXTENSIONS_UNTIL
            .iter()
            .any(|(name, last)| name == wanted && version <= *last);
        is_of_some || EXTENSIONS.contains(&wanted.as_str())
    };
    let lacking: Vec<String> = postgres
        .extensions
        .iter()
        .filter(|wanted| !is_there(wanted))
        .map(|name| format!("`{name}`"))
        .collect();
    if lacking.is_empty() {
        return None;
    }
    let detail = format!(
        "`{}` needs {}, which the image of PostgreSQL {version} lacks",
        component.address,
        lacking.join(", ")
    );
    let hint = "The image has PostgreSQL's own extensions and `vector`; leave others out in an overlay of this environment";
    let error = Diagnostic::error("Extension is not in the image", detail);
    Some(error.at(component.span).hint(hint))
}

fn of_version(
    component: &Component,
    (server, version): (&str, u32),
    pinned: &[(u32, &'static str)],
) -> Result<&'static str, Diagnostic> {
    let found = pinned.iter().find(|(pinned, _)| *pinned == version);
    found.map(|(_, image)| *image).ok_or_else(|| {
        let detail = format!(
            "`{}` needs {server} {version}, for which `infra export compose` knows no image",
            component.address
        );
        let known: Vec<String> = pinned.iter().map(|(version, _)| version.to_string()).collect();
        Diagnostic::error("No image for this version", detail)
            .at(component.span)
            .hint(format!("There are images of: {}", known.join(", ")))
    })
}

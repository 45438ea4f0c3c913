//! What RDS is told of storage.
//!
//! Where operations per second are provisioned (`io1`, `io2`, and `gp3` from 400 GiB on) it wants to hear of size and operations
//! together, and below it hears of neither operations nor throughput. Source: ModifyDBInstance, `AllocatedStorage`, `Iops` and
//! `StorageThroughput`, and "Amazon RDS DB instance storage" of the user guide.

use aws_sdk_rds::types::DbInstance;
use infra_model::value::Attributes;
use infra_provider::error::{ErrorKind, ProviderError};

use super::change::MODIFY;
use super::schema::wanted;
use crate::kinds::inputs::optional_text;

/// GiB from which `gp3` is striped: with more operations and throughput, which may be chosen from there on.
pub(crate) const STRIPED_GB: i32 = 400;
/// What comes with striped `gp3`.
const STRIPED: (i32, i32) = (12_000, 500);

/// What a change asks for. What stays as it is and need not be repeated is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) size_gb: Option<i32>,
    pub(super) most_gb: Option<i32>,
    pub(super) kind: Option<String>,
    pub(super) iops: Option<i32>,
    pub(super) throughput: Option<i32>,
}

/// Returns what to ask for, so that storage becomes as inputs say. What RDS grew by itself beyond that stays.
///
/// # Errors
///
/// When RDS does not make such a change: storage never shrinks, and grows by a tenth at least.
pub(super) fn asked(
    inputs: &Attributes,
    changed: &[String],
    seen: &DbInstance,
) -> Result<Asked, ProviderError> {
    let number = |name: &str| wanted(inputs, name).as_int().and_then(|n| i32::try_from(n).ok());
    let has = seen.allocated_storage().unwrap_or_default();
    let grows = seen.max_allocated_storage().is_some();
    let size = number("storage_gb").filter(|size| *size > has || (*size < has && !grows));
    size.map_or(Ok(()), |size| fits(size, has))?;
    let most = number("storage_max_gb").or_else(|| grows.then(|| size.unwrap_or(has)));
    let kind = optional_text(inputs, "storage_type").unwrap_or("gp3");
    let (was, target) = (seen.storage_type().unwrap_or_default(), size.unwrap_or(has));
    let mut asked = Asked {
        size_gb: size,
        most_gb: most.filter(|most| Some(*most) != seen.max_allocated_storage()),
        kind: (was != kind).then(|| kind.to_owned()),
        ..Asked::default()
    };
    // What nobody sets stays as it is seen, unless it is what came with smaller or other storage, or was set and is not any more.
    let stays = is_provisioned(was, has) && was == kind;
    let of = |name: &str, seen: Option<i32>, usual: Option<i32>| {
        let is_taken_out = changed.iter().any(|changed| changed == name);
        let kept = seen.filter(|_| stays && !is_taken_out);
        number(name).or(kept).or(usual)
    };
    let (usual_iops, usual_throughput) = match kind {
        "gp3" => (Some(STRIPED.0), Some(STRIPED.1)),
        _ => (seen.iops(), None),
    };
    let iops = of("iops", seen.iops(), usual_iops);
    let throughput = of("storage_throughput", seen.storage_throughput(), usual_throughput);
    let differs = size.is_some()
        || asked.kind.is_some()
        || iops != seen.iops()
        || (kind == "gp3" && throughput != seen.storage_throughput());
    if is_provisioned(kind, target) && differs {
        asked.size_gb = Some(target);
        asked.iops = iops;
        asked.throughput = throughput.filter(|_| kind == "gp3");
    }
    Ok(asked)
}

/// Tells whether storage has operations that are chosen.
fn is_provisioned(kind: &str, size_gb: i32) -> bool {
    matches!(kind, "io1" | "io2") || (kind == "gp3" && size_gb >= STRIPED_GB)
}

fn fits(size: i32, has: i32) -> Result<(), ProviderError> {
    let refused = |message: String, hint: String| {
        Err(ProviderError::rejected(ErrorKind::Invalid, MODIFY, message).hint(hint))
    };
    if size < has {
        return refused(
            format!("It has {has} GiB of storage, and `storage_gb` is {size}"),
            format!(
                "Storage of RDS only grows: set `storage_gb = {has}`, or move the data to a smaller database and replace this one"
            ),
        );
    }
    let least = has + has / 10 + i32::from(has % 10 > 0);
    if size < least {
        return refused(
            format!(
                "It has {has} GiB of storage, and `storage_gb` is {size}: RDS grows storage by a tenth at least"
            ),
            format!("Set `storage_gb` to {least} or more"),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use infra_model::value::Value;

    use super::*;

    fn database(kind: &str, size: i32, (iops, throughput): (i32, Option<i32>)) -> DbInstance {
        DbInstance::builder()
            .allocated_storage(size)
            .storage_type(kind)
            .iops(iops)
            .set_storage_throughput(throughput)
            .build()
    }

    /// Size, operations and throughput.
    type Told = (Option<i32>, Option<i32>, Option<i32>);

    fn of<const N: usize>(
        seen: &DbInstance,
        inputs: [(&str, Value); N],
        changed: &str,
    ) -> Result<Told, String> {
        let inputs = inputs.map(|(name, value)| (name.to_owned(), value)).into();
        let asked = asked(&inputs, &[changed.to_owned()], seen);
        asked
            .map(|asked| (asked.size_gb, asked.iops, asked.throughput))
            .map_err(|error| error.message)
    }

    fn gb(size: i64) -> (&'static str, Value) {
        ("storage_gb", Value::from(size))
    }

    #[test]
    fn size_and_operations_are_told_together_where_operations_are_provisioned() {
        let small = database("gp3", 100, (3_000, Some(125)));
        let large = database("gp3", 500, (12_000, Some(500)));
        let own = database("gp3", 500, (15_000, Some(500)));
        let io1 = ("storage_type", Value::from("io1"));
        let iops = |iops: i64| ("iops", Value::from(iops));
        assert_eq!(of(&small, [gb(200)], "storage_gb"), Ok((Some(200), None, None)));
        let crossed = Ok((Some(400), Some(12_000), Some(500)));
        assert_eq!(of(&small, [gb(400)], "storage_gb"), crossed);
        let grown = Ok((Some(600), Some(12_000), Some(500)));
        assert_eq!(of(&large, [gb(600)], "storage_gb"), grown);
        let faster = Ok((Some(500), Some(13_000), Some(500)));
        assert_eq!(of(&large, [gb(500), iops(13_000)], "iops"), faster);
        let theirs = Ok((Some(600), Some(15_000), Some(500)));
        assert_eq!(of(&own, [gb(600)], "storage_gb"), theirs);
        let back = Ok((Some(500), Some(12_000), Some(500)));
        assert_eq!(of(&own, [gb(500)], "iops"), back);
        let other = Ok((Some(100), Some(4_000), None));
        assert_eq!(
            of(&small, [gb(100), io1.clone(), iops(4_000)], "storage_type"),
            other
        );
        let seen = database("io1", 100, (4_000, None));
        let most = ("storage_max_gb", Value::from(200_i64));
        assert_eq!(
            of(&seen, [gb(100), io1, iops(4_000), most], "storage_max_gb"),
            Ok((None, None, None))
        );
    }

    #[test]
    fn storage_grows_by_a_tenth_and_never_shrinks() {
        let seen = database("gp3", 105, (3_000, Some(125)));
        let said = |size: i64| of(&seen, [gb(size)], "storage_gb").unwrap_err();
        assert!(said(110).contains("a tenth"), "{}", said(110));
        assert!(said(50).contains("It has 105 GiB"), "{}", said(50));
        assert_eq!(of(&seen, [gb(116)], "storage_gb"), Ok((Some(116), None, None)));
    }
}

//! Names of buckets: unique in the whole world, and such as the service takes.

use infra_model::value::Value;

use super::super::scene::Scene;

/// The longest name that the service takes.
const LONGEST: usize = 63;
/// The shortest.
const SHORTEST: usize = 3;
/// How many digits of a digest tell buckets of different accounts apart.
const DIGITS: usize = 8;
/// Beginnings and ends that the service keeps for itself.
const BEGINNINGS: [&str; 3] = ["xn--", "sthree-", "amzn-s3-demo-"];
const ENDS: [&str; 5] = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];

/// Returns the name of a store's bucket: what its block `aws` says, else stack, environment, label and a digest over where it lives.
pub(super) fn of(scene: &Scene<'_>) -> String {
    if let Some(name) = scene.setting("name").and_then(Value::as_str) {
        return name.to_owned();
    }
    let whole = [
        scene.account(),
        scene.region(),
        &scene.stack.name,
        &scene.stack.environment.name,
        scene.component.address.as_str(),
    ];
    let digest = blake3::hash(whole.join("\n").as_bytes()).to_hex();
    let readable = scene.name("", LONGEST - DIGITS - 1);
    format!("{readable}-{}", &digest[..DIGITS])
}

/// Says what is wrong with a name, nothing if the service takes it. Dots are refused too: names with them break TLS.
pub(super) fn fault(name: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !(SHORTEST..=LONGEST).contains(&name.len()) {
        Some("It must be 3 to 63 characters long")
    } else if !name.bytes().all(|byte| is_plain(byte) || byte == b'-') {
        Some("It may have lower-case letters, digits and dashes only")
    } else if name.starts_with('-') || name.ends_with('-') {
        Some("It must begin and end with a letter or a digit")
    } else if BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || ENDS.iter().any(|end| name.ends_with(end))
    {
        Some("AWS keeps names that begin or end like this for itself")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn names_that_the_service_refuses_are_refused_before() {
        for good in ["abc", "shop-assets-2", &"a".repeat(63)] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in [
            "ab",
            &"a".repeat(64),
            "Shop",
            "shop_assets",
            "shop.assets",
            "-shop",
            "shop-",
            "xn--shop",
            "shop-s3alias",
        ] {
            assert!(fault(bad).is_some(), "{bad}");
        }
    }
}

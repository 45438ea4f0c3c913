//! The form of what an environment says of its account, checked before anybody is asked: a region that is mistyped has no address,
//! and every object seems to move there.

use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::environment::Environment;
use infra_model::value::Value;

/// Where regions lie in their part of the world. New regions have new numbers and new first parts, never another of these.
const DIRECTIONS: [&str; 9] = [
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// Returns what is wrong with the block `provider "aws"` of an environment.
pub(crate) fn mistakes(environment: &Environment) -> Vec<Diagnostic> {
    let setting = |name: &str| environment.provider.settings.get(name).and_then(Value::as_str);
    let missing = |name: &str, example: &str| {
        let detail = format!("The environment `{}` does not say its {name}", environment.name);
        let hint = format!("Add to its block `provider \"aws\"`: {name} = \"{example}\"");
        Some(Diagnostic::error("Missing setting", detail).hint(hint))
    };
    let region = setting("region").map_or_else(|| missing("region", "eu-west-1"), of_region);
    let account = setting("account").map_or_else(|| missing("account", "123456789012"), of_account);
    let role = setting("role").and_then(of_role);
    [region, account, role].into_iter().flatten().collect()
}

fn of_region(region: &str) -> Option<Diagnostic> {
    let parts: Vec<&str> = region.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|one| one.is_ascii_lowercase());
    let is_number = |part: &str| matches!(part.len(), 1 | 2) && part.bytes().all(|one| one.is_ascii_digit());
    if let [area @ .., direction, number] = parts.as_slice()
        && !area.is_empty()
        && area.iter().all(is_word)
        && is_number(number)
    {
        if DIRECTIONS.contains(direction) {
            return None;
        }
        if let Some(near) = near_match(direction, DIRECTIONS) {
            let meant = format!("{}-{near}-{number}", area.join("-"));
            return Some(no_region(region).hint(format!("Did you mean `{meant}`?")));
        }
    }
    Some(
        no_region(region)
            .hint("Write it like eu-west-1; all of them: aws ec2 describe-regions --all-regions"),
    )
}

fn no_region(region: &str) -> Diagnostic {
    let detail = format!("`{region}` is no name of a region");
    Diagnostic::error("Unknown region", detail)
}

fn of_account(account: &str) -> Option<Diagnostic> {
    let is_whole = account.len() == 12 && account.bytes().all(|one| one.is_ascii_digit());
    let wrong = || {
        let detail = format!("`{account}` is no account: its id has twelve digits");
        Diagnostic::error("Wrong account", detail)
            .hint("See it with: aws sts get-caller-identity; zeros at its beginning belong to it")
    };
    (!is_whole).then(wrong)
}

fn of_role(role: &str) -> Option<Diagnostic> {
    let parts: Vec<&str> = role.splitn(6, ':').collect();
    let is_arn = matches!(parts.as_slice(), ["arn", _, "iam", "", _, name] if name.starts_with("role/"));
    let wrong = || {
        Diagnostic::error("Wrong role", format!("`{role}` is no ARN of a role"))
            .hint("Write it like arn:aws:iam::123456789012:role/deploy")
    };
    (!is_arn).then(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_a_form() {
        let names = [
            "eu-west-1",
            "ap-southeast-5",
            "mx-central-1",
            "cn-northwest-1",
            "us-gov-east-1",
            "us-isob-east-1",
            "eusc-de-east-1",
            "eu-west-12",
        ];
        for name in names {
            assert_eq!(of_region(name), None, "{name}");
        }
        for name in [
            "",
            "eu",
            "eu-west",
            "west-1",
            "eu-west-1a",
            "EU-WEST-1",
            "eu--west-1",
            "eu-west-",
        ] {
            let hint = of_region(name).expect(name).hint.expect("a way out");
            assert!(hint.contains("eu-west-1"), "{name}: {hint}");
        }
        let hint = of_region("eu-wset-1").and_then(|mistake| mistake.hint);
        assert_eq!(hint.as_deref(), Some("Did you mean `eu-west-1`?"));
    }

    #[test]
    fn accounts_have_twelve_digits_and_roles_an_arn() {
        assert_eq!(of_account("012345678901"), None);
        for account in ["", "12345", "1234567890123", "12345678901x", "1234-5678-9012"] {
            assert!(of_account(account).is_some(), "{account}");
        }
        assert_eq!(of_role("arn:aws:iam::123456789012:role/team/deploy"), None);
        assert_eq!(of_role("arn:aws-cn:iam::123456789012:role/deploy"), None);
        for role in [
            "",
            "deploy",
            "arn:aws:iam::123456789012:user/deploy",
            "arn:aws:sts::1:role/x",
        ] {
            assert!(of_role(role).is_some(), "{role}");
        }
    }
}

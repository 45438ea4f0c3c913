//! Names of objects: readable, unique in account and region, and never too long.

/// How many characters of a digest tell names apart that were cut.
const DIGEST: usize = 8;

/// Returns the name of a part of a component: lower-case letters, digits and single dashes, beginning with a letter, at most
/// `longest` long. What had to be changed or cut is replaced by a digest, so that two different things never share a name.
pub(crate) fn of(stack: &str, environment: &str, (component, part): (&str, &str), longest: usize) -> String {
    // `postgres.main` is `main`: the type of the object says the rest.
    let label = component.rsplit_once('.').map_or(component, |(_, label)| label);
    let parts: Vec<&str> = [stack, environment, label, part]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    let plain = parts.join("-");
    let clean = cleaned(&plain);
    // A label is unique among the components of a stack, and again within each of its modules.
    let is_outside = !component.starts_with("module.");
    if is_outside && clean == plain && clean.len() <= longest {
        return clean;
    }
    let whole = format!("{stack}\n{environment}\n{component}\n{part}");
    let digest = digest(&whole);
    let kept: String = clean.chars().take(longest.saturating_sub(DIGEST + 1)).collect();
    format!("{}-{digest}", kept.trim_end_matches('-'))
}

/// Returns the characters that tell a text apart from others that look like it.
pub(crate) fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..DIGEST].to_owned()
}

/// How much of a name is never replaced by a digest, whatever the service allows: the shortest is forty characters long.
const KEPT: usize = 31;

/// Returns what the names of all objects of an environment begin with.
pub(crate) fn beginning(stack: &str, environment: &str) -> String {
    let begin = format!("{}-", cleaned(&format!("{stack}-{environment}")));
    begin.chars().take(KEPT).collect()
}

fn cleaned(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars().map(|character| character.to_ascii_lowercase()) {
        match character {
            'a'..='z' | '0'..='9' => clean.push(character),
            _ if !clean.is_empty() && !clean.ends_with('-') => clean.push('-'),
            _ => {}
        }
    }
    let clean = clean.trim_end_matches('-').to_owned();
    if clean.starts_with(|first: char| first.is_ascii_digit()) {
        format!("i-{clean}")
    } else {
        clean
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_name_says_stack_environment_label_and_part() {
        assert_eq!(
            of("event-api", "staging", ("postgres.main", ""), 63),
            "event-api-staging-main"
        );
        assert_eq!(
            of("event-api", "staging", ("postgres.main", "replica-1"), 63),
            "event-api-staging-main-replica-1"
        );
    }

    #[test]
    fn every_name_begins_like_all_of_its_environment() {
        for (stack, environment) in [
            ("event-api", "staging"),
            ("experimentation-platform", "production"),
            ("9 lives", "x"),
        ] {
            let begin = super::beginning(stack, environment);
            for longest in [40, 63, 250] {
                let name = of(
                    stack,
                    environment,
                    ("redis.a_rather_long_name", "parameters"),
                    longest,
                );
                assert!(name.starts_with(begin.trim_end_matches('-')), "{name}: {begin}");
            }
        }
    }

    #[test]
    fn what_was_cut_or_changed_stays_apart() {
        let long = of("experimentation-platform", "production", ("redis.cache", "x"), 40);
        assert_eq!(long.len(), 40);
        assert_ne!(
            long,
            of("experimentation-platform", "production", ("redis.cache", "y"), 40)
        );
        let first = of("s", "e", ("key_vault.app[\"a_b\"]", ""), 63);
        assert_ne!(first, of("s", "e", ("key_vault.app[\"a-b\"]", ""), 63));
        assert!(first.starts_with("s-e-app-a-b-"), "{first}");
    }

    #[test]
    fn a_label_in_a_module_is_another_one() {
        let name = |component| of("s", "e", (component, ""), 63);
        let names = [
            name("redis.main"),
            name("module.a.redis.main"),
            name("module.b.redis.main"),
        ];
        assert_eq!(names[0], "s-e-main");
        assert!(
            names[1] != names[0] && names[2] != names[0] && names[1] != names[2],
            "{names:?}"
        );
    }
}

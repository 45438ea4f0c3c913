//! One action in its forms: what will be done, what is being done, what was done.

/// The forms of an action's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verb {
    /// `create`
    pub(crate) will: &'static str,
    /// `creating`
    pub(crate) doing: &'static str,
    /// `created`
    pub(crate) did: &'static str,
}

const VERBS: &[Verb] = &[
    verb("create", "creating", "created"),
    verb("update", "updating", "updated"),
    verb("delete", "deleting", "deleted"),
    // The step writes a record and calls nothing, whether the state knew the object or takes it in.
    verb("adopt", "recording", "recorded"),
    verb("forget", "forgetting", "forgotten"),
    verb("stop", "stopping", "stopped"),
    verb("start", "starting", "started"),
];

const fn verb(will: &'static str, doing: &'static str, did: &'static str) -> Verb {
    Verb { will, doing, did }
}

/// Returns the forms of an action.
pub(crate) fn of(action: &'static str) -> Verb {
    let known = VERBS.iter().find(|verb| verb.will == action);
    known.copied().unwrap_or(verb(action, action, action))
}

/// Returns a number with its noun: `1 step`, `3 steps`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

/// Returns a word as a shell reads it back.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "_-./=:,@%+".contains(one);
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns some of many names, and how many more there are.
pub(crate) fn some_of(names: &[String]) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = names.iter().take(SHOWN).cloned().collect();
    match names.len().saturating_sub(SHOWN) {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown
}

/// Returns a text in lines that are no wider than so many characters, unless a word is.
pub(crate) fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_wrapped_between_words() {
        assert_eq!(wrapped("one two  three\nfour", 8), ["one two", "three", "four"]);
        assert_eq!(wrapped("unbreakable a", 4), ["unbreakable", "a"]);
        assert!(wrapped("", 4).is_empty());
    }

    #[test]
    fn many_names_are_cut() {
        let names: Vec<String> = (1..=7).map(|at| format!("n{at}")).collect();
        assert_eq!(some_of(&names), ["n1", "n2", "n3", "n4", "n5", "and 2 more"]);
        assert_eq!(some_of(&names[..1]), ["n1"]);
    }
}

//! The statements of an SQL text, cut as PostgreSQL's own shell cuts them, so that a seed can be checked before it runs and a
//! mistake in it has a line.

use std::ops::Range;

mod token;

use token::{Token, TokenKind, Tokens};

/// A statement of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where it stands, in bytes, without what is around it.
    pub range: Range<usize>,
}

/// Something that cannot run as part of one transaction on a plain connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlFault {
    /// What it is.
    pub kind: SqlFaultKind,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// The kinds of [`SqlFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlFaultKind {
    /// A command of `psql` that begins with a backslash.
    MetaCommand,
    /// A statement that begins or ends a transaction.
    Transaction,
    /// A `copy` from or to the client.
    ClientCopy,
    /// A statement that changes in whose name the session runs.
    Identity,
    /// A quote or comment that does not end.
    Unclosed,
}

/// Words of a statement that are looked at: enough for `create or replace function` and `rollback work to savepoint`.
const WORDS_MAX: usize = 4;

/// Returns the statements of a text.
///
/// # Errors
///
/// The first thing in it that cannot run as part of one transaction.
pub fn statements(text: &str) -> Result<Vec<Statement>, SqlFault> {
    let mut found = Vec::new();
    let mut open = Open::default();
    for token in Tokens::new(text) {
        match token.kind {
            TokenKind::Backslash => {
                let line = text[token.range.start..].lines().next().unwrap_or_default();
                let end = token.range.start + line.trim_end().len();
                return Err(fault(SqlFaultKind::MetaCommand, token.range.start..end));
            }
            TokenKind::Unclosed => return Err(fault(SqlFaultKind::Unclosed, token.range)),
            TokenKind::Semicolon if open.is_outermost() => found.extend(open.close()?),
            _ => open.add(text, &token),
        }
    }
    found.extend(open.close()?);
    Ok(found)
}

fn fault(kind: SqlFaultKind, range: Range<usize>) -> SqlFault {
    SqlFault { kind, range }
}

/// What a word stands after, as far as it decides what the word says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum After {
    /// `begin`, which opens a body if `atomic` follows.
    Begin,
    /// A dot or `as`: the word is a name, whatever it is.
    Naming,
    #[default]
    Other,
}

/// The statement that is being read.
#[derive(Debug, Default)]
struct Open {
    range: Option<Range<usize>>,
    /// Its first words, in lower case.
    words: Vec<String>,
    parentheses: usize,
    /// How many `begin` and `case` of a function's body wait for their `end`.
    bodies: usize,
    /// What the word to come stands after.
    after: After,
    /// Whether it names the client as source or target.
    names_client: bool,
}

impl Open {
    fn is_outermost(&self) -> bool {
        self.parentheses == 0 && self.bodies == 0
    }

    fn add(&mut self, text: &str, token: &Token) {
        let start = self.range.as_ref().map_or(token.range.start, |range| range.start);
        self.range = Some(start..token.range.end);
        match token.kind {
            TokenKind::Open => self.parentheses += 1,
            TokenKind::Close => self.parentheses = self.parentheses.saturating_sub(1),
            TokenKind::Word if self.parentheses == 0 => {
                self.word(&text[token.range.clone()]);
                return;
            }
            _ => {}
        }
        self.after = match &text[token.range.clone()] {
            "." => After::Naming,
            _ => After::Other,
        };
    }

    fn word(&mut self, word: &str) {
        let word = word.to_ascii_lowercase();
        let after = std::mem::take(&mut self.after);
        if self.makes_routine() && after != After::Naming {
            match &*word {
                "atomic" if after == After::Begin => self.bodies += 1,
                "case" if self.bodies > 0 => self.bodies += 1,
                "end" => self.bodies = self.bodies.saturating_sub(1),
                _ => {}
            }
        }
        self.after = match &*word {
            "begin" => After::Begin,
            "as" => After::Naming,
            _ => After::Other,
        };
        self.names_client |= matches!(&*word, "stdin" | "stdout");
        if self.words.len() < WORDS_MAX {
            self.words.push(word);
        }
    }

    /// Tells whether it makes a function or procedure, whose body may hold statements.
    fn makes_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["create", "function" | "procedure", ..] | ["create", "or", "replace", "function" | "procedure"]
        )
    }

    /// Ends the statement and returns it; nothing if nothing stood there.
    fn close(&mut self) -> Result<Option<Statement>, SqlFault> {
        let done = std::mem::take(self);
        let Some(range) = done.range else { return Ok(None) };
        let words: Vec<&str> = done.words.iter().map(String::as_str).collect();
        let kind = match words.as_slice() {
            ["rollback", rest @ ..] if rest.contains(&"to") => None,
            ["begin" | "commit" | "rollback" | "abort" | "end", ..]
            | ["start" | "prepare", "transaction", ..] => Some(SqlFaultKind::Transaction),
            ["set", "session" | "local", "session", "authorization", ..]
            | ["set" | "reset", "session", "authorization", ..]
            | ["set", "session" | "local", "session_authorization", ..]
            | ["set" | "reset", "session_authorization", ..] => Some(SqlFaultKind::Identity),
            ["copy", ..] if done.names_client => Some(SqlFaultKind::ClientCopy),
            _ => None,
        };
        match kind {
            Some(kind) => Err(fault(kind, range)),
            None => Ok(Some(Statement { range })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        let found = statements(text).expect("nothing is wrong with it");
        found.into_iter().map(|one| &text[one.range]).collect()
    }

    fn wrong(text: &str) -> (SqlFaultKind, &str) {
        let fault = statements(text).expect_err("something is wrong with it");
        (fault.kind, &text[fault.range])
    }

    #[test]
    fn a_semicolon_ends_a_statement_where_it_is_not_part_of_one() {
        let whole = [
            "select ';', $$ ; $$, $a$ $$; $a$, \";\" /* ; /* ; */ ; */ -- ;\n, 1",
            "select 'it''s;', E'\\';', U&'\\0041;', a$b$c",
            "create rule r as on insert to t do (select 1; select 2)",
            "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end",
            "CREATE PROCEDURE p() BEGIN ATOMIC insert into t values (1); END",
            "do $$ begin commit; end $$",
            "select $1, a[1;2]",
        ];
        for statement in &whole[..6] {
            assert_eq!(cut(&format!("{statement};\nselect 2")), [*statement, "select 2"]);
        }
        assert_eq!(cut(whole[6]).len(), 2);
    }

    #[test]
    fn what_says_nothing_is_no_statement() {
        assert_eq!(cut(""), Vec::<&str>::new());
        assert_eq!(cut(" ;; -- only words\n /* and more */ ;"), Vec::<&str>::new());
        assert_eq!(cut("-- first\nselect 1 -- one\n;"), ["select 1"]);
    }

    #[test]
    fn commands_of_the_shell_are_found_wherever_they_stand() {
        assert_eq!(
            wrong("\\i other.sql"),
            (SqlFaultKind::MetaCommand, "\\i other.sql")
        );
        assert_eq!(
            wrong("select 1 \\gset  \nselect 2"),
            (SqlFaultKind::MetaCommand, "\\gset")
        );
        assert_eq!(cut("select '\\i', \"\\\", $$\\$$ -- \\i").len(), 1);
    }

    #[test]
    fn nothing_ends_the_transaction_but_going_back_within_it_is_fine() {
        for text in [
            "begin",
            "COMMIT",
            "end",
            "abort",
            "rollback",
            "rollback work",
            "start transaction",
            "prepare transaction 'x'",
            "commit and chain",
        ] {
            assert_eq!(
                wrong(&format!("select 1; {text};")),
                (SqlFaultKind::Transaction, text)
            );
        }
        for text in [
            "savepoint a",
            "rollback to a",
            "rollback work to savepoint a",
            "prepare x as select 1",
        ] {
            assert_eq!(cut(text), [text]);
        }
    }

    #[test]
    fn what_looks_like_a_comment_or_a_body_hides_no_end_of_the_transaction() {
        assert_eq!(
            wrong("-- only a word\rcommit;"),
            (SqlFaultKind::Transaction, "commit")
        );
        let routine = "create function begin() returns int language sql as $$ select 1 $$; commit";
        assert_eq!(wrong(routine), (SqlFaultKind::Transaction, "commit"));
        for named in ["t.end", "n as end", "t . end"] {
            let text =
                format!("create function f() returns int begin atomic select {named} from t; select 2; end");
            assert_eq!(cut(&text), [text.as_str()]);
        }
    }

    #[test]
    fn nobody_changes_in_whose_name_the_session_runs() {
        for text in [
            "reset session authorization",
            "SET SESSION AUTHORIZATION DEFAULT",
            "set local session authorization postgres",
            "set session session authorization default",
            "set session_authorization = postgres",
            "set local session_authorization to default",
            "reset session_authorization",
        ] {
            assert_eq!(
                wrong(&format!("select 1;\n{text};")),
                (SqlFaultKind::Identity, text)
            );
        }
        for text in [
            "set role reader",
            "reset role",
            "set session characteristics as transaction read only",
        ] {
            assert_eq!(cut(text), [text]);
        }
    }

    #[test]
    fn the_client_has_nothing_to_copy() {
        let text = "copy t (a) from stdin";
        assert_eq!(wrong(&format!("{text};\n1\n")), (SqlFaultKind::ClientCopy, text));
        assert_eq!(wrong("copy t to STDOUT").0, SqlFaultKind::ClientCopy);
        assert_eq!(cut("copy (select stdin from t) to '/x'").len(), 1);
    }

    #[test]
    fn what_is_not_closed_is_shown_where_it_opens() {
        assert_eq!(wrong("select 'a;\nb"), (SqlFaultKind::Unclosed, "'"));
        assert_eq!(wrong("select $x$ $$"), (SqlFaultKind::Unclosed, "$x$"));
        assert_eq!(wrong("select /* /* */"), (SqlFaultKind::Unclosed, "/*"));
        assert_eq!(wrong("select E'\\'"), (SqlFaultKind::Unclosed, "'"));
    }
}

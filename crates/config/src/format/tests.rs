//! Layout by example, and the properties that hold for every text.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

mod generate;

#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(text).expect("the text is HCL");
    assert_eq!(
        format(&once).as_ref(),
        Ok(&once),
        "formatting again changes nothing"
    );
    once
}

#[test]
fn indentation_spaces_and_equals_signs() {
    assert_snapshot!(formatted(r#"
stack{
    name="event-api"
}


postgres "main"   {

version=16
  segment   = network.main.segment . data

      storage_gb = var.size*2+ - 1
  pooler   {mode="transaction"}
  backup{
    retention_days=7
    # kept
    point_in_time = ! false
  }
}"#), @r#"
    stack {
      name = "event-api"
    }

    postgres "main" {
      version = 16
      segment = network.main.segment.data

      storage_gb = var.size * 2 + -1
      pooler { mode = "transaction" }
      backup {
        retention_days = 7
        # kept
        point_in_time = !false
      }
    }
    "#);
}

#[test]
fn comments_stay_and_stand_in_one_column() {
    assert_snapshot!(formatted("
# about the file

a = 1 # one
long = 2      // two
segment \"x\" {} # three
b = 3

allow { # everything else is denied
# about from
from = \"app\"   /* inside */ # behind
to = [ # list
1, # first
20,    # second
# last
]
/* a long
     comment */
}
# the end"), @r#"
    # about the file

    a    = 1       # one
    long = 2       // two
    segment "x" {} # three
    b = 3

    allow { # everything else is denied
      # about from
      from = "app" /* inside */ # behind
      to = [ # list
        1,  # first
        20, # second
        # last
      ]
      /* a long
         comment */
    }
    # the end
    "#);
}

#[test]
fn expressions() {
    assert_snapshot!(formatted(r#"
a = [for k ,v in {b=1,"c":2}:"${k}-${ v }"if v>1&&k!="x"]
b = {for x in [1 , 2]:x=>x...if (x)==-1}
c = f(a,b...) [0].d[*].e.*.f["g"]
d = cond?a:- b
e = ( 1-2 )/3%4
f = a-b
g = g::h( )
h = {}
i = [ ]
j = x.0.y
k = merge(local.a,{
b = 1
ccc = [1,
2]
dd = "x"
}, {
e = 2
})
"#), @r#"
    a = [for k, v in { b = 1, "c" : 2 } : "${k}-${ v }" if v > 1 && k != "x"]
    b = { for x in [1, 2] : x => x... if (x) == -1 }
    c = f(a, b...)[0].d[*].e.*.f["g"]
    d = cond ? a : -b
    e = (1 - 2) / 3 % 4
    f = a-b
    g = g::h()
    h = {}
    i = []
    j = x.0.y
    k = merge(local.a, {
      b = 1
      ccc = [1,
        2]
      dd = "x"
    }, {
      e = 2
    })
    "#);
}

#[test]
fn heredocs_and_texts_are_untouched() {
    let text = "a = <<-EOT\n   x   \n\n\n  ${ f( \"}\" , <<X\n}\n X\n) }\n\tEOT\nlonger   =   \"  {  \\\" ${\"}\"} $${ \"\nb=<<E\nE\n";
    assert_eq!(
        formatted(text),
        "a = <<-EOT\n   x   \n\n\n  ${ f( \"}\" , <<X\n}\n X\n) }\n\tEOT\n\
         longer = \"  {  \\\" ${\"}\"} $${ \"\nb = <<E\nE\n"
    );
}

#[test]
fn line_ends_become_those_of_unix_outside_of_heredocs() {
    assert_eq!(
        formatted("a = 1\r\n\r\n\r\n# c\r\nb {\r\n}\r\n"),
        "a = 1\n\n# c\nb {\n}\n"
    );
    assert_eq!(formatted("a = <<E\r\nx\r\nE\r\n"), "a = <<E\r\nx\r\nE\n");
}

#[test]
fn an_empty_text_stays_empty() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted(" \n\n\t\n"), "");
    assert_eq!(formatted("# only a comment"), "# only a comment\n");
}

#[test]
fn what_is_not_hcl_is_refused_with_its_place() {
    let error = format("a = 1\nb = = 2\n").expect_err("the second line is wrong");
    assert_eq!(error.span(), Some(10..11));
    assert_snapshot!(error, @r#"The text is not valid HCL: invalid expression; expected `"`, `[`, `{`, `-`, `!`, `(`, `_`, `<`, letter or digit"#);
}

#[test]
fn a_text_that_depends_on_its_layout_is_refused_rather_than_changed() {
    // An object key `for` with a space behind it starts a `for` expression.
    assert_eq!(
        format("a = {\n  for=1\n  longer = 2\n}\n"),
        Err(FormatError::Meaning)
    );
}

proptest! {
    #[test]
    fn formatting_keeps_the_meaning_and_changes_nothing_the_second_time(text in generate::body(2)) {
        prop_assume!(parser::parse_body(&text).is_ok());
        let once = format(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&format(&once).expect("the result is HCL"), &once);
        let words = |text: &str| text.split_whitespace().collect::<String>();
        prop_assert_eq!(words(&once), words(&text), "only white space changes");
        prop_assert!(once.lines().all(|line| !line.ends_with(' ')) || once.contains("<<"));
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "[ab={}()\\[\\],.\"$#/*<\\-\n 1?:]{0,40}") {
        if let Ok(once) = format(&text) {
            prop_assert_eq!(format(&once), Ok(once.clone()));
        }
    }
}

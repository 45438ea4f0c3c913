//! Texts with every construct of the language, laid out at random.

use proptest::prelude::*;
use proptest::sample::select;

const LEAVES: &str =
    r#"1 0.5 -2 1e-3 a a-b true "t" "${x}-%{if_a}{%{endif}" a.b a[0].c !a -a a.*.b a[*] [] {} (a)"#;

/// Returns the body of a file or block, with blocks nested as deep as `depth`.
pub(super) fn body(depth: u32) -> BoxedStrategy<String> {
    prop::collection::vec((item(depth), line_end()), 0..5)
        .prop_map(|items| {
            let named = |(at, (item, end)): (usize, (String, &str))| {
                let indent = " ".repeat(at);
                format!("{end}{indent}name{at}{item}")
            };
            items.into_iter().enumerate().map(named).collect()
        })
        .boxed()
}

/// Returns what follows the name of an attribute or block.
fn item(depth: u32) -> BoxedStrategy<String> {
    let attribute = (gap(), expression(), line_end());
    let attribute = attribute.prop_map(|(gap, value, end)| format!("{gap}={gap}{value}{end}"));
    // The parser reads an empty heredoc on to the next end of one with the same name, so names differ.
    let heredoc = ("[A-Z]{8}", select(vec!["", "  x\n\n ${ \"}\" }\n "]));
    let heredoc = heredoc.prop_map(|(name, text)| format!("=<<-{name}\n{text}{name}\n"));
    if depth == 0 {
        return prop_oneof![attribute, heredoc].boxed();
    }
    let block = (gap(), body(depth - 1), line_end());
    let block = block.prop_map(|(gap, body, end)| format!("{gap}\"l\"{gap}n {{{end}{body}}}{end}"));
    let short = (gap(), expression(), line_end())
        .prop_filter("a short block stays on its line", |(_, value, _)| {
            !value.contains('\n')
        })
        .prop_map(|(gap, value, end)| format!("{gap}{{{gap}v={value}{gap}}}{end}"));
    prop_oneof![3 => attribute, 1 => heredoc, 2 => block, 1 => short].boxed()
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = select(LEAVES.split(' ').collect::<Vec<_>>()).prop_map(|leaf| leaf.replace('_', " "));
    leaf.prop_recursive(4, 24, 3, |inner| {
        let parts = (inner.clone(), inner.clone(), inner, gap(), line_end());
        (parts, operator(), 0..7).prop_map(|((a, b, c, gap, end), operator, shape)| match shape {
            0 => format!("{a}{gap}{operator}{gap}{b}"),
            1 => format!("({a}{gap}?{b}:{gap}{c})"),
            2 => format!("[{end}{gap}{a}{gap},{end}{b},{end}]"),
            3 => format!("{{{end}k={a}\n \"l m\"  =  {b}{end}(n):1}}"),
            4 => format!("f({a},{gap}{b}...)"),
            5 => format!("[{end}for i,v in {a} : {b}{end}if {c}]"),
            _ => format!("{{for v in{gap}{a}:v=>{b}}}"),
        })
    })
}

fn operator() -> impl Strategy<Value = &'static str> {
    select(vec!["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||"])
}

/// White space within a line.
fn gap() -> impl Strategy<Value = &'static str> {
    select(vec![" ", "  ", "\t", " /* c */ "])
}

/// The end of a line with what may follow it.
fn line_end() -> impl Strategy<Value = &'static str> {
    select(vec![
        "\n",
        "\n\n\n",
        " # c\n",
        "  // ä  \n# d\n",
        "\r\n",
        "\n \n/* e\n e */\n",
    ])
}

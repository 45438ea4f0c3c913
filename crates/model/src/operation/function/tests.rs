//! Each function by example: a name, its arguments as JSON, and the result as JSON or the error's words.

use proptest::prelude::*;

use super::*;
use crate::operation::Operation;
use crate::sealing::Secret;
use crate::value::Number;

/// Returns what a call with these arguments gives, as one line of text.
fn call(name: &str, arguments: &str) -> String {
    let arguments: Vec<Value> = serde_json::from_str(arguments).expect("arguments are JSON");
    let function = Function::by_name(name).expect("the function exists");
    match Operation::Call(function).fold(arguments) {
        Ok(value) => encoding::to_json(&value).to_string(),
        Err(error) => match error.argument {
            Some(at) => format!("argument {at}: {error}"),
            None => error.to_string(),
        },
    }
}

#[track_caller]
fn check(cases: &[(&str, &str, &str)]) {
    for (name, arguments, expected) in cases {
        assert_eq!(call(name, arguments), *expected, "{name}({arguments})");
    }
}

#[test]
fn text_functions() {
    check(&[
        ("upper", r#"["äb"]"#, r#""ÄB""#),
        ("lower", r#"["ÄB"]"#, r#""äb""#),
        ("title", r#"["event api's 2nd way"]"#, r#""Event Api's 2nd Way""#),
        ("trim", r#"["xyax", "xy"]"#, r#""a""#),
        ("trim", r#"["a", ""]"#, r#""a""#),
        ("trimprefix", r#"["aab", "a"]"#, r#""ab""#),
        ("trimprefix", r#"["b", "a"]"#, r#""b""#),
        ("trimsuffix", r#"["baa", "a"]"#, r#""ba""#),
        ("trimspace", r#"["\t a \n"]"#, r#""a""#),
        ("split", r#"[",", ""]"#, r#"[""]"#),
        ("split", r#"["", "äb"]"#, r#"["ä","b"]"#),
        ("join", r#"["-", []]"#, r#""""#),
        (
            "join",
            r#"["-", ["a", 1]]"#,
            "argument 1: `list` must hold a text at index 1, found number",
        ),
        ("substr", r#"["äöü", 1, 1]"#, r#""ö""#),
        ("substr", r#"["hello", -3, -1]"#, r#""llo""#),
        ("substr", r#"["hello", -9, 2]"#, r#""he""#),
        ("substr", r#"["hello", 9, 2]"#, r#""""#),
        (
            "substr",
            r#"["hello", 0, -2]"#,
            "argument 2: `length` must be -1 or more",
        ),
        ("startswith", r#"["abc", "ab"]"#, "true"),
        ("endswith", r#"["abc", "ab"]"#, "false"),
        ("strcontains", r#"["abc", "b"]"#, "true"),
        ("indent", r#"[2, "a\nb\nc"]"#, r#""a\n  b\n  c""#),
        (
            "indent",
            r#"[9000000, "a"]"#,
            "argument 0: `spaces` makes the text too long",
        ),
        ("upper", "[1]", "argument 0: `text` must be a text, found number"),
        ("upper", "[null]", "argument 0: `text` must be a text, found null"),
    ]);
}

#[test]
fn format_fills_placeholders() {
    check(&[
        ("format", r#"["%s-%d-%v%%", "a", 7, [1]]"#, r#""a-7-[1]%""#),
        (
            "format",
            r#"["%03d|%-4d|%4s|%-4s|", 7, 7, "a", "b"]"#,
            r#""007|7   |   a|b   |""#,
        ),
        ("format", r#"["%05d %04s", -42, "a"]"#, r#""-0042    a""#),
        (
            "format",
            r#"["%.2f %f %x", 1.5, 2, 255]"#,
            r#""1.50 2.000000 ff""#,
        ),
        ("format", r#"["%s %s", true, 1.5]"#, r#""true 1.5""#),
        (
            "format",
            r#"["%v", {"b": 1, "a": "x"}]"#,
            r#""{\"a\":\"x\",\"b\":1}""#,
        ),
        (
            "format",
            r#"["%s", [1]]"#,
            "argument 1: `value` must be a text, number, true or false for %s, found list",
        ),
        (
            "format",
            r#"["%d", 1.5]"#,
            "argument 1: `value` must be a whole number of at most 64 bits",
        ),
        (
            "format",
            r#"["%s"]"#,
            "argument 0: `template` has more placeholders than there are values",
        ),
        (
            "format",
            r#"["a", 1]"#,
            "argument 1: `value` has no placeholder in the template",
        ),
        (
            "format",
            r#"["%q", 1]"#,
            "argument 0: `template` may hold %s, %d, %f, %x, %v and %% only",
        ),
        (
            "format",
            r#"["100%"]"#,
            "argument 0: `template` may hold %s, %d, %f, %x, %v and %% only",
        ),
        (
            "format",
            r#"["%.2s", "a"]"#,
            "argument 0: `template` may ask for decimals with %f only",
        ),
        (
            "format",
            r#"["%5000d", 1]"#,
            "argument 0: `template` may hold widths of at most 1000",
        ),
    ]);
}

#[test]
fn pattern_functions() {
    check(&[
        ("regex", r#"["[a-z]+", "12ab"]"#, r#""ab""#),
        ("regex", r#"["(\\d+)-(\\d+)?", "1-"]"#, r#"["1",null]"#),
        (
            "regex",
            r#"["(?P<major>\\d+)\\.(?P<minor>\\d+)", "16.4"]"#,
            r#"{"major":"16","minor":"4"}"#,
        ),
        (
            "regex",
            r#"["z", "a"]"#,
            "argument 1: `text` does not match the pattern",
        ),
        (
            "regex",
            r#"["(?=a)", "a"]"#,
            "argument 0: `pattern` is not a regular expression, or one with look-around or back references, \
             which do not exist here",
        ),
        ("regexall", r#"["\\d", "a1b2"]"#, r#"["1","2"]"#),
        ("regexall", r#"["z", "a"]"#, "[]"),
        ("replace", r#"["a.b.c", ".", "$1"]"#, r#""a$1b$1c""#),
        (
            "replace",
            r#"["ab12", "/([a-z]+)(\\d+)/", "$2-${1}x"]"#,
            r#""12-abx""#,
        ),
        ("replace", r#"["ab", "", "-"]"#, r#""-a-b-""#),
        ("replace", r#"["a/b", "/", "-"]"#, r#""a-b""#),
    ]);
}

#[test]
fn list_functions() {
    check(&[
        ("chunklist", "[[1, 2, 3], 2]", "[[1,2],[3]]"),
        ("chunklist", "[[1], 0]", "argument 1: `size` must be at least 1"),
        ("compact", r#"[["a", "", null, 0]]"#, r#"["a",0]"#),
        ("concat", "[]", "[]"),
        ("concat", "[[1], [], [2, [3]]]", "[1,2,[3]]"),
        (
            "concat",
            "[[1], 2]",
            "argument 1: `list` must be a list, found number",
        ),
        ("element", "[[1, 2], -1]", "2"),
        ("element", "[[], 0]", "argument 0: `list` must not be empty"),
        ("flatten", "[[1, [2, [[3]], []]]]", "[1,2,3]"),
        ("index", r#"[["a", "b"], "b"]"#, "1"),
        (
            "index",
            r#"[["a"], "b"]"#,
            "argument 1: `value` is not in the list",
        ),
        ("one", "[[]]", "null"),
        ("one", "[[1]]", "1"),
        (
            "one",
            "[[1, 2]]",
            "argument 0: `list` must have at most one element, found 2",
        ),
        ("reverse", "[[1, 2]]", "[2,1]"),
        ("slice", "[[1, 2, 3], 1, 3]", "[2,3]"),
        (
            "slice",
            "[[1], 0, 2]",
            "argument 2: `end` is beyond the 1 elements of the list",
        ),
        (
            "slice",
            "[[1, 2], 2, 1]",
            "argument 1: `start` must not be after `end`",
        ),
        (
            "slice",
            "[[1], -1, 1]",
            "argument 1: `start` must not be negative",
        ),
        ("sort", r#"[["b", "a", "B"]]"#, r#"["B","a","b"]"#),
        ("sort", "[[2, 10, 1.5]]", "[1.5,2,10]"),
        (
            "sort",
            r#"[["a", 1]]"#,
            "argument 0: `list` must hold texts only: a text at index 1, found number",
        ),
    ]);
}

#[test]
fn range_counts_up_and_down_within_its_limit() {
    check(&[
        ("range", "[3]", "[0,1,2]"),
        ("range", "[0]", "[]"),
        ("range", "[-2]", "[0,-1]"),
        ("range", "[1, 4]", "[1,2,3]"),
        ("range", "[4, 1]", "[4,3,2]"),
        ("range", "[0, 1, 0.25]", "[0,0.25,0.5,0.75]"),
        ("range", "[10, 0, -4]", "[10,6,2]"),
        (
            "range",
            "[0, 5, -1]",
            "argument 2: `step` must lead from the start to the limit",
        ),
        (
            "range",
            "[0, 5, 0]",
            "argument 2: `step` must lead from the start to the limit",
        ),
        (
            "range",
            "[1000001]",
            "The range is too long; the most is 1000000 numbers",
        ),
        (
            "range",
            "[9223372036854775806, 9223372036854775807]",
            "[9223372036854775806]",
        ),
        (
            "range",
            r#"["3"]"#,
            "argument 0: `limit` must be a number, found text",
        ),
        (
            "range",
            r#"["0", 3]"#,
            "argument 0: `start` must be a number, found text",
        ),
    ]);
    assert_eq!(call("range", "[1000000]").matches(',').count(), 999_999);
}

#[test]
fn map_functions_and_choices() {
    check(&[
        ("keys", r#"[{"b": 1, "a": 2}]"#, r#"["a","b"]"#),
        ("values", r#"[{"b": 1, "a": 2}]"#, "[2,1]"),
        ("lookup", r#"[{"a": 1}, "a"]"#, "1"),
        ("lookup", r#"[{"a": 1}, "b", null]"#, "null"),
        (
            "lookup",
            r#"[{"a": 1}, "b"]"#,
            "argument 1: `key` is not in the map, and there is no default",
        ),
        ("merge", "[]", "{}"),
        (
            "merge",
            r#"[{"a": 1, "b": 1}, null, {"b": 2}]"#,
            r#"{"a":1,"b":2}"#,
        ),
        ("merge", "[[]]", "argument 0: `map` must be a map, found list"),
        ("zipmap", r#"[["a", "b"], [1, 2]]"#, r#"{"a":1,"b":2}"#),
        (
            "zipmap",
            r#"[["a"], []]"#,
            "argument 1: `values` must have as many elements as `keys`: 1, found 0",
        ),
        ("length", r#"["äö"]"#, "2"),
        ("length", r#"[{"a": 1}]"#, "1"),
        (
            "length",
            "[1]",
            "argument 0: `collection` must be a list, map or text, found number",
        ),
        ("contains", "[[1, 2], 2.0]", "true"),
        ("coalesce", r#"[null, "", 0]"#, "0"),
        ("coalesce", "[null]", "Every value is null or an empty text"),
        ("alltrue", "[[]]", "true"),
        ("anytrue", "[[]]", "false"),
        (
            "alltrue",
            r#"[[true, "true"]]"#,
            "argument 0: `list` must hold true or false at index 1, found text",
        ),
    ]);
}

#[test]
fn sets_are_sorted_lists_without_repetitions() {
    check(&[
        ("distinct", "[[2, 1, 2]]", "[2,1]"),
        ("toset", r#"[["b", "a", "b"]]"#, r#"["a","b"]"#),
        ("setunion", "[[3, 1], [2], [1]]", "[1,2,3]"),
        ("setunion", "[]", "[]"),
        ("setintersection", "[[3, 1, 2], [2, 3], [3]]", "[3]"),
        ("setsubtract", "[[3, 1, 2], [2]]", "[1,3]"),
        ("setsubtract", "[[1]]", "`setsubtract` takes 2 arguments, found 1"),
    ]);
}

#[test]
fn number_functions() {
    check(&[
        ("abs", "[-1.5]", "1.5"),
        ("abs", "[-9223372036854775808]", "9.223372036854776e+18"),
        ("ceil", "[-1.5]", "-1"),
        ("floor", "[-1.5]", "-2"),
        ("floor", "[7]", "7"),
        ("max", "[1, 2.5, 2]", "2.5"),
        ("min", "[1, 2.5, -2]", "-2"),
        (
            "max",
            "[]",
            "Expected at least one number; a list is expanded by `…` after it",
        ),
        ("log", "[8, 2]", "3"),
        (
            "log",
            "[0, 2]",
            "argument 0: `number` must be above 0, and a base must not be 1",
        ),
        (
            "log",
            "[8, 1]",
            "argument 1: `base` must be above 0, and a base must not be 1",
        ),
        ("parseint", r#"["-7f", 16]"#, "-127"),
        (
            "parseint",
            r#"["9", 8]"#,
            "argument 0: `text` is not a whole number of at most 64 bits in this base",
        ),
        (
            "parseint",
            r#"["9", 1]"#,
            "argument 1: `base` must be from 2 to 36",
        ),
        ("pow", "[3, 4]", "81"),
        ("pow", "[2, -1]", "0.5"),
        (
            "pow",
            "[10, 400]",
            "argument 1: `exponent` gives a result too large for a number",
        ),
        (
            "pow",
            "[-1, 0.5]",
            "argument 1: `exponent` gives a result too large for a number",
        ),
        ("signum", "[-0.5]", "-1"),
        ("signum", "[0]", "0"),
        ("sum", "[[1, 2.5]]", "3.5"),
        ("sum", "[[]]", "0"),
        (
            "sum",
            r#"[[1, "2"]]"#,
            "argument 0: `list` must hold a number at index 1, found text",
        ),
    ]);
}

#[test]
fn conversions() {
    check(&[
        ("tostring", "[1.5]", r#""1.5""#),
        ("tostring", "[true]", r#""true""#),
        ("tostring", "[null]", "null"),
        (
            "tostring",
            "[[]]",
            "argument 0: `value` must be a text, number, true or false, found list",
        ),
        ("tonumber", r#"["1e3"]"#, "1000"),
        ("tonumber", r#"["-0.5"]"#, "-0.5"),
        (
            "tonumber",
            r#"["inf"]"#,
            "argument 0: `value` is a text that is not a decimal number",
        ),
        (
            "tonumber",
            r#"["1e999"]"#,
            "argument 0: `value` is a text that is not a decimal number",
        ),
        (
            "tonumber",
            r#"["-"]"#,
            "argument 0: `value` is a text that is not a decimal number",
        ),
        ("tobool", r#"["false"]"#, "false"),
        (
            "tobool",
            r#"["yes"]"#,
            "argument 0: `value` must be `true` or `false`, found another text",
        ),
        (
            "tolist",
            r#"[{"a": 1}]"#,
            "argument 0: `list` must be a list, found map",
        ),
        ("tomap", r#"[{"a": 1}]"#, r#"{"a":1}"#),
    ]);
}

#[test]
fn encodings() {
    check(&[
        ("base64encode", r#"["ä"]"#, r#""w6Q=""#),
        ("base64decode", r#"["w6Q="]"#, r#""ä""#),
        (
            "base64decode",
            r#"["/w=="]"#,
            "argument 0: `text` must be Base64 of a UTF-8 text",
        ),
        (
            "base64decode",
            r#"["w6Q"]"#,
            "argument 0: `text` must be Base64 of a UTF-8 text",
        ),
        ("urlencode", r#"["a b&c/ä-._~"]"#, r#""a%20b%26c%2F%C3%A4-._~""#),
        (
            "jsonencode",
            r#"[{"b": [1, 1.5, null], "a": "x"}]"#,
            r#""{\"a\":\"x\",\"b\":[1,1.5,null]}""#,
        ),
        (
            "jsondecode",
            r#"["{\"a\": [1, 1.5, null]}"]"#,
            r#"{"a":[1,1.5,null]}"#,
        ),
        (
            "jsondecode",
            r#"["{\"a\": }"]"#,
            "argument 0: `text` is not JSON at line 1, column 7, or is nested too deeply",
        ),
        (
            "sha256",
            r#"[""]"#,
            r#""e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855""#,
        ),
    ]);
}

#[test]
fn decoded_json_cannot_forge_the_marks_of_values() {
    check(&[
        ("jsondecode", r#"["{\"$sealed\": \"x\"}"]"#, r#"{"$sealed":"x"}"#),
        (
            "jsonencode",
            r#"[{"$map": {"$deferred": 1}}]"#,
            r#""{\"$deferred\":1}""#,
        ),
    ]);
}

#[test]
fn network_functions() {
    check(&[
        ("cidrsubnet", r#"["10.30.7.9/16", 8, 255]"#, r#""10.30.255.0/24""#),
        ("cidrsubnet", r#"["10.0.0.0/8", 0, 0]"#, r#""10.0.0.0/8""#),
        ("cidrsubnet", r#"["0.0.0.0/0", 0, 0]"#, r#""0.0.0.0/0""#),
        ("cidrsubnet", r#"["::/0", 128, 5]"#, r#""::5/128""#),
        ("cidrsubnet", r#"["fd00::/48", 16, 162]"#, r#""fd00:0:0:a2::/64""#),
        (
            "cidrsubnet",
            r#"["10.0.0.0/16", 8, 256]"#,
            "argument 2: `number` does not fit the 8 bits",
        ),
        (
            "cidrsubnet",
            r#"["10.0.0.0/30", 3, 0]"#,
            "argument 1: `bits` must be at most 2, the bits that the range leaves for addresses",
        ),
        ("cidrhost", r#"["10.30.0.0/16", 257]"#, r#""10.30.1.1""#),
        ("cidrhost", r#"["10.30.0.0/16", -2]"#, r#""10.30.255.254""#),
        ("cidrhost", r#"["10.0.0.1/32", 0]"#, r#""10.0.0.1""#),
        (
            "cidrhost",
            r#"["fd00::/8", -1]"#,
            r#""fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff""#,
        ),
        (
            "cidrhost",
            r#"["::/0", 9223372036854775807]"#,
            r#""::7fff:ffff:ffff:ffff""#,
        ),
        (
            "cidrhost",
            r#"["10.0.0.0/30", 4]"#,
            "argument 1: `number` is outside of the range, which has 2 bits for addresses",
        ),
        ("cidrnetmask", r#"["10.0.0.0/20"]"#, r#""255.255.240.0""#),
        (
            "cidrnetmask",
            r#"["::/8"]"#,
            "argument 0: `range` must be an IPv4 range; IPv6 has no netmask",
        ),
        (
            "cidrnetmask",
            r#"["10.0.0.0"]"#,
            "argument 0: `range` must be an address range in CIDR notation, such as `10.30.0.0/16`",
        ),
    ]);
}

#[test]
fn the_number_of_arguments_is_checked_against_the_signature() {
    check(&[
        ("upper", "[]", "`upper` takes 1 argument, found 0"),
        ("lookup", "[1]", "`lookup` takes 2 to 3 arguments, found 1"),
        ("format", "[]", "`format` takes at least 1 argument, found 0"),
        ("range", "[1, 2, 3, 4]", "`range` takes 1 to 3 arguments, found 4"),
    ]);
}

#[test]
fn tables_are_sorted_and_names_are_unique() {
    let names: Vec<_> = Function::names().collect();
    assert!(
        names.windows(2).all(|pair| pair[0] < pair[1]),
        "a name stands twice"
    );
    for group in GROUPS {
        assert!(
            group.functions.is_sorted_by_key(FunctionEntry::name),
            "{}",
            group.title
        );
    }
    for name in names {
        let entry = Function::by_name(name).expect("a listed name is found").entry();
        assert!(entry.signature.ends_with(')'), "{}", entry.signature);
        assert!(
            entry.example.call.starts_with(&format!("{name}(")),
            "{}",
            entry.example.call
        );
        assert!(!entry.summary.ends_with('.'), "{}", entry.summary);
    }
    assert_eq!(Function::by_name("lenght"), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        (-3_i64..40).prop_map(Value::from),
        any::<f64>().prop_map(|number| Number::from_f64(number).map_or(Value::Null, Value::Number)),
    ];
    let text = prop_oneof![
        any::<String>(),
        "[0-9.:/]{0,18}",
        "(%[-0]?[0-9]{0,3}[sdfxvq%]|[a-z/()]){0,4}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number,
        text.clone().prop_map(Value::from),
        text.prop_map(|text| Value::Secret(Secret::new(text))),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("[a-c]", inner, 0..4).prop_map(Value::map),
        ]
    })
}

/// Stands for a secret and occurs in nothing that is generated.
const HIDDEN: &str = "§hidden§";

proptest! {
    #[test]
    fn no_function_panics(arguments in prop::collection::vec(any_value(), 0..4)) {
        for name in Function::names() {
            let operation = Operation::Call(Function::by_name(name).expect("a listed name is found"));
            let _ = operation.fold(arguments.clone());
        }
    }

    #[test]
    fn no_function_shows_a_secret(
        mut arguments in prop::collection::vec(any_value(), 0..3),
        at in 0_usize..3,
    ) {
        let hidden = Value::Secret(Secret::new(HIDDEN));
        arguments.insert(at.min(arguments.len()), Value::list([hidden.clone()]));
        arguments.push(hidden);
        for name in Function::names() {
            let function = Function::by_name(name).expect("a listed name is found");
            for count in 0..=arguments.len() {
                let result = Operation::Call(function).fold(arguments[..count].to_vec());
                prop_assert!(!format!("{result:?}").contains(HIDDEN), "{name}: {result:?}");
            }
        }
    }
}

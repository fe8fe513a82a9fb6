//! Small tables, and what becomes of them.

use super::*;

const BMW: &str = "descriptor,title,section,datatype,typical_range,unit,streamable\n";
const OWN: &str = "descriptor,name,type,unit,flags,reason\n";

const LIMITS: &str = "descriptor,least,greatest,sentinels,source\n";
const TRUTHS: &str = "descriptor,yes,no,source\n";
const WORDS: &str = "descriptor,words,source\n";

fn tables(bmw: &str, own: &str) -> Tables {
    Tables {
        catalogue: format!("{BMW}{bmw}"),
        names: format!("{OWN}{own}"),
        ..Tables::default()
    }
}

fn generated(bmw: &str, own: &str) -> Result<String> {
    generate(&tables(bmw, own))
}

#[test]
fn a_row_is_a_line_sorted_typed_and_in_its_canonical_unit() {
    let text = generated(
        "b,\"B, \"\"b\"\"\",,uint8,,percent,yes\na,A,,-,,-,no\nc,C,,string,\"X, Y, INVALID\",-,no\n",
        "a,x,bool,,endpoint_bound,why\nb,y,,,request_stamped,why\nc,z,,,,\n",
    );
    let lines = [
        r#"    truth("a", "x", "A", Truths::NONE, ENDPOINT_BOUND),"#,
        r#"    number("b", "y", "B, \"b\"", "%", Limits::NONE, STREAMABLE | REQUEST_STAMPED),"#,
        r#"    text("c", "z", "C", &["X", "Y"], 0),"#,
        "];\n",
    ];
    assert_eq!(text.unwrap(), format!("{HEAD}{}", lines.join("\n")));
}

#[test]
fn our_tables_say_what_a_value_can_be() {
    let text = generate(&Tables {
        supplement: format!("{BMW}d,D,,uint8,,percent,yes\n"),
        limits: format!("{LIMITS}d,-0.5,101,254 255,a share\n"),
        truths: format!("{TRUTHS}a,OPEN HALF_OPEN,NOT-OPEN,seen\n"),
        words: format!("{WORDS}c,Z y Y,seen\n"),
        ..tables(
            "a,A,,boolean,,-,no\nc,C,,string,\"X, Y\",-,no\n",
            "a,w,,,,\nc,z,,,,\nd,v,,,,\n",
        )
    });
    let lines = [
        r#"    truth("a", "w", "A", Truths::new(&["open", "halfopen"], &["notopen"]), 0),"#,
        r#"    text("c", "z", "C", &["X", "Y", "Z", "y"], 0),"#,
        r#"    number("d", "v", "D", "%", Limits::new(-0.5, 101.0, &[254.0, 255.0]), STREAMABLE),"#,
        "];\n",
    ];
    assert_eq!(text.unwrap(), format!("{HEAD}{}", lines.join("\n")));
}

#[test]
fn what_our_tables_cannot_mean_is_named() {
    let reason = |tables: Tables| format!("{:#}", generate(&tables).unwrap_err());
    let number = || tables("a,A,,uint8,,-,yes\n", "a,x,,,,\n");
    let truth = || tables("a,A,,boolean,,-,yes\n", "a,x,,,,\n");
    let text = || tables("a,A,,string,,-,yes\n", "a,x,,,,\n");
    let limits = |rows: &str| format!("{LIMITS}{rows}");
    let empty = Tables {
        limits: limits("a,5,5,,r\n"),
        ..number()
    };
    assert_eq!(reason(empty), "a: no number is within its limits");
    let foreign = Tables {
        limits: limits("a,1,5,,r\n"),
        ..text()
    };
    assert_eq!(
        reason(foreign),
        "a is in limits.csv but not in catalogue.csv, or of another type"
    );
    let both = Tables {
        truths: format!("{TRUTHS}a,NOT_OPEN,NOTOPEN,r\n"),
        ..truth()
    };
    assert_eq!(reason(both), "a: `notopen` is yes and no");
    let nothing = Tables {
        words: format!("{WORDS}a,Not-Available,r\n"),
        ..text()
    };
    assert_eq!(reason(nothing), "a: `Not-Available` means that there is no value");
    let twice = Tables {
        limits: limits("a,1,5,,r\na,1,5,,r\n"),
        ..number()
    };
    assert_eq!(reason(twice), "a stands twice in limits.csv");
}

#[test]
fn mistakes_are_named() {
    let reason = |bmw, own| format!("{:#}", generated(bmw, own).unwrap_err());
    let row = "a,A,,uint8,,-,yes\n";
    assert_eq!(
        reason(row, ""),
        "a: names.csv has no row for it, or catalogue.csv two"
    );
    assert_eq!(
        reason("", "a,x,,,,\n"),
        "a is in names.csv but not in catalogue.csv, or of another type"
    );
    assert_eq!(
        reason(row, "a,X,,,,\n"),
        "a: the name `X` is not lower-case snake case"
    );
    assert_eq!(
        reason(row, "a,x,,km,,\n"),
        "a: an override or a flag needs a reason"
    );
    assert_eq!(reason(row, "a,x,,miles,,r\n"), "a: unknown unit `miles`");
    assert_eq!(reason(row, "a,x,,,new,r\n"), "a: unknown flag `new`");
    assert_eq!(
        reason("a,A,,-,,-,yes\n", "a,x,,,,\n"),
        "a: the catalogue names no type: names.csv must"
    );
    assert_eq!(
        reason("", "a,x,,,,\nb,x,,,,\n"),
        "the name x stands twice in names.csv"
    );
    assert_eq!(reason("", "a,x,,,,\na,y,,,,\n"), "a stands twice in names.csv");
}

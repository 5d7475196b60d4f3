//! `docs/codes.md` has every code and every check, and no other.

use std::collections::BTreeSet;

use hwenc::Code;
use hwenc::doctor::CHECKS;

const PAGE: &str = include_str!("../../docs/codes.md");
const CHECKS_BEGIN: &str = "\n## Checks of the doctor\n";

/// The part with the codes, and the one with the checks.
fn parts() -> (&'static str, &'static str) {
    PAGE.split_once(CHECKS_BEGIN).expect("a section for the checks")
}

/// Each code with the text below its heading.
fn sections() -> Vec<(&'static str, &'static str)> {
    let (codes, _) = parts();
    let sections = codes.split("\n### `").skip(1);
    sections.map(|section| section.split_once("`\n").expect("a heading of one code")).collect()
}

/// What is missing on one side or the other, or twice there.
#[track_caller]
fn same(page: &[&str], code: &[&str], what: &str) {
    let [on_page, in_code] = [page, code].map(|names| names.iter().copied().collect::<BTreeSet<_>>());
    assert_eq!(on_page.len(), page.len(), "{what} twice on the page");
    let missing: Vec<_> = in_code.difference(&on_page).collect();
    let strange: Vec<_> = on_page.difference(&in_code).collect();
    assert!(missing.is_empty(), "docs/codes.md lacks the {what} {missing:?}");
    assert!(strange.is_empty(), "docs/codes.md has the {what} {strange:?}, which do not exist");
}

#[test]
fn every_code_has_its_section_and_no_other() {
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let page: Vec<_> = sections().iter().map(|(name, _)| *name).collect();
    same(&page, &codes, "codes");
}

#[test]
fn every_section_says_what_it_means_what_others_say_and_what_helps() {
    for (code, text) in sections() {
        let mut before = 0;
        for part in ["\n- **Means** ", "\n- **Elsewhere** ", "\n- **Fix** "] {
            let text = format!("\n{text}");
            let at = text.find(part).unwrap_or_else(|| panic!("{code} lacks {part:?}"));
            assert!(at >= before, "{code}: {part:?} is out of order");
            let words = &text[at + part.len()..];
            assert!(words.trim_start().len() > 10, "{code}: {part:?} says nothing");
            before = at;
        }
    }
}

#[test]
fn every_check_has_its_row_in_order_and_no_other() {
    let (_, checks) = parts();
    let rows = checks.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<(&str, usize)> = rows
        .map(|row| {
            (row.split_once('`').expect("a name").0, row.split('|').filter(|c| c.trim().len() > 2).count())
        })
        .collect();
    for (check, cells) in &rows {
        assert_eq!(*cells, 4, "{check} has empty cells");
    }
    let page: Vec<_> = rows.iter().map(|(name, _)| *name).collect();
    let code: Vec<_> = CHECKS.iter().map(|check| check.id).collect();
    same(&page, &code, "checks");
    assert_eq!(page, code, "the checks stand in another order");
}

/// Words in backticks that look like a code or a check are one.
#[test]
fn no_code_is_named_that_does_not_exist() {
    let known: BTreeSet<&str> =
        Code::ALL.iter().map(|code| code.as_str()).chain(CHECKS.iter().map(|check| check.id)).collect();
    let families: BTreeSet<&str> = known.iter().filter_map(|name| Some(name.split_once('.')?.0)).collect();
    let mut seen = 0;
    for word in PAGE.split('`').skip(1).step_by(2) {
        let Some((family, rest)) = word.split_once('.') else { continue };
        if families.contains(family) && rest.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()) {
            assert!(known.contains(word), "{word} is no code and no check");
            seen += 1;
        }
    }
    assert!(seen > 2 * CHECKS.len(), "only {seen} found");
}

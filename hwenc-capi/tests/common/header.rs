//! `include/hwenc.h`, as the tests read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where it is.
pub(crate) fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../include/hwenc.h")
}

/// What it says.
pub(crate) fn text() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// Without comments.
pub(crate) fn code() -> String {
    let text = text();
    let mut rest = text.as_str();
    let mut code = String::new();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").expect("comments end").1;
    }
    code + rest
}

/// Names of its functions, each with the number of its parameters.
pub(crate) fn functions() -> BTreeMap<String, usize> {
    let code = code();
    let mut functions = BTreeMap::new();
    for declaration in code.split(';') {
        let Some((head, parameters)) = declaration.rsplit_once(')').and_then(|(d, _)| d.split_once('('))
        else {
            continue;
        };
        let name = head.rsplit([' ', '*', '\n']).next().unwrap_or_default();
        // Types of callbacks have their name in parentheses, macros no type before theirs.
        if name.starts_with("hwenc_") && !head.contains("typedef") {
            let count = if parameters.trim() == "void" { 0 } else { parameters.split(',').count() };
            functions.insert(name.to_owned(), count);
        }
    }
    functions
}

/// Names and numbers of an enum.
pub(crate) fn constants(of: &str) -> BTreeMap<String, i32> {
    let code = code();
    let (_, after) = code.split_once(&format!("enum {of}")).expect("it has the enum");
    let (body, _) = after.split_once("};").expect("it ends");
    let (_, body) = body.split_once('{').expect("it begins");
    let entries = body.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (name, number) = entry.split_once(" = ").expect(entry);
            (name.to_owned(), number.parse().expect(entry))
        })
        .collect()
}

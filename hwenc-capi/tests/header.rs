//! The header as C and C++ compilers see it.

#[path = "common/header.rs"]
mod header;

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use hwenc_capi as capi;

/// Compiles a source with every warning an error.
fn compile(compiler: &str, standard: &str, name: &str, source: &str) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(name);
    std::fs::write(&file, source).unwrap();
    let output = Command::new(compiler)
        .args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", "-o", "/dev/null", "-I"])
        .arg(header::path().parent().unwrap())
        .arg(Path::new(&file))
        .output()
        .unwrap_or_else(|error| panic!("{compiler}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{compiler} {standard}:\n{said}");
}

fn compile_as_both(source: &str) {
    for standard in ["-std=c99", "-std=c11", "-std=c17"] {
        compile("cc", standard, "it.c", source);
    }
    for standard in ["-std=c++11", "-std=c++17", "-std=c++20"] {
        compile("c++", standard, "it.cc", source);
    }
}

#[test]
fn it_compiles_alone() {
    compile_as_both("#include <hwenc.h>\nint main(void) { return HWENC_OK; }\n");
    // Twice, too.
    compile_as_both("#include <hwenc.h>\n#include <hwenc.h>\nint main(void) { return HWENC_OK; }\n");
}

/// Layout and constants are the same on both sides.
#[test]
fn structs_are_as_large_as_the_library_takes_them_to_be() {
    let mut source = String::from("#include <hwenc.h>\n");
    let sizes = [
        ("hwenc_picture", size_of::<capi::hwenc_picture>()),
        ("hwenc_candidate", size_of::<capi::hwenc_candidate>()),
        ("hwenc_packet_facts", size_of::<capi::hwenc_packet_facts>()),
        ("hwenc_probe_options", size_of::<capi::hwenc_probe_options>()),
        ("hwenc_progress", size_of::<capi::hwenc_progress>()),
        ("hwenc_stats", size_of::<capi::hwenc_stats>()),
    ];
    for (name, size) in sizes {
        writeln!(source, "extern char size_of_{name}[sizeof({name}) == {size} ? 1 : -1];").unwrap();
    }
    source += "extern char no_pts[HWENC_NO_PTS == INT64_MIN ? 1 : -1];\n\
        hwenc_picture picture = HWENC_PICTURE_INIT;\n";
    let declared = header::code().matches("struct_size;").count();
    assert_eq!(declared, sizes.len(), "a struct of the header is not in this test");
    compile_as_both(&source);
}

/// The example at its top is a part of a program that compiles.
#[test]
fn the_example_at_its_top_compiles() {
    let text = header::text();
    let (top, _) = text.split_once("*/").unwrap();
    let lines: Vec<&str> = top.lines().filter_map(|line| line.strip_prefix(" *     ")).collect();
    let example = top.split(" * Ownership.").next().unwrap();
    let failed = example.lines().any(|line| line == " *   failed:");
    assert!(failed && lines.len() > 15, "the example moved: {lines:?}");
    let body: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix(" *  ")).collect();
    let source = format!(
        "#include <stdio.h>\n#include <hwenc.h>\n\
         void example(const uint8_t *pixels, FILE *file);\n\
         void example(const uint8_t *pixels, FILE *file) {{\n{}\n}}\n",
        body.join("\n")
    );
    compile("cc", "-std=c99", "it.c", &source);
}

/// Numbers are never reused: what stands in the list stays as it is, and what is new is added to it.
#[test]
fn status_numbers_are_those_of_the_list() {
    let list = include_str!("status-numbers.txt");
    let mut expected = header::constants("hwenc_status_value");
    let mut numbers = std::collections::BTreeSet::new();
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let (name, number) = line.split_once('=').expect(line);
        let number: i32 = number.parse().expect(line);
        assert!(numbers.insert(number), "{number} stands twice in the list");
        assert_eq!(expected.remove(name), Some(number), "{name} was {number}, and may not change");
    }
    assert!(expected.is_empty(), "add to tests/status-numbers.txt: {expected:?}");
}

/// Every function has its comment.
#[test]
fn everything_is_documented() {
    let text = header::text();
    let functions = header::functions();
    assert!(functions.len() > 80, "{}", functions.len());
    for name in functions.keys() {
        let call = format!("{name}(");
        // Comments mention functions, too.
        let declared = |at: &usize| {
            let line = text[..*at].rsplit('\n').next().unwrap_or_default().trim_start();
            !line.starts_with(['*', '/'])
        };
        let at = text.match_indices(&call).map(|(at, _)| at).find(declared).expect(name);
        let before = text[..at].rsplit_once('\n').unwrap().0.trim_end();
        assert!(before.ends_with("*/"), "{name} has no comment");
    }
}

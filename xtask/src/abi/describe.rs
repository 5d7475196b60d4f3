//! The header as a compiler sees it.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xshell::cmd;

use crate::install::HEADER;
use crate::project::Project;

use super::Abi;

/// The name of the library that programs ask the loader for.
pub(super) const SONAME: &str = "soname";
/// The number of additions.
pub(super) const NUMBER: &str = "macro HWENC_ABI_VERSION";

/// Everything in the header that begins with `hwenc_`, and the soname.
pub(super) fn header(project: &Project) -> Result<Abi> {
    let (sh, header) = (&project.sh, project.root().join(HEADER));
    let dump = ["-x", "c", "-std=c99", "-fsyntax-only", "-Xclang", "-ast-dump=json"];
    let tree =
        cmd!(sh, "clang {dump...} {header}").quiet().read().context("clang does not read the header")?;
    let tree: Value = serde_json::from_str(&tree).context("clang printed something else than JSON")?;
    let mut abi = Abi::new();
    let mut program =
        String::from("#include <stddef.h>\n#include <stdio.h>\n#include HEADER\nint main(void) {\n");
    for declaration in inner(&tree) {
        declared(declaration, &mut abi, &mut program)?;
    }
    program += "return 0;\n}\n";
    ensure!(abi.len() > 1, "the header declares nothing");

    let macros = cmd!(sh, "clang -x c -E -dM {header}").quiet().read()?;
    for line in macros.lines() {
        // The guard against a second inclusion has no value, and what fills a struct is that struct's business.
        let Some((name, value)) = line.strip_prefix("#define ").and_then(|line| line.split_once(' ')) else {
            continue;
        };
        if name.starts_with("HWENC_") && !value.is_empty() && !value.starts_with('{') {
            abi.insert(format!("macro {name}"), value.to_owned());
        }
    }

    let directory = sh.create_temp_dir()?;
    let (source, compiled) = (directory.path().join("abi.c"), directory.path().join("abi"));
    fs::write(&source, program)?;
    let define =
        format!("-DHEADER=\"{}\"", header.to_str().context("the path of the checkout is not UTF-8")?);
    cmd!(sh, "cc -std=c11 {define} {source} -o {compiled}").quiet().run()?;
    let printed = cmd!(sh, "{compiled}").quiet().read()?;
    abi.extend(super::read(&printed));
    abi.insert(SONAME.to_owned(), soname(project)?);
    Ok(abi)
}

/// One declaration: what clang knows goes into the list, what depends on the machine into the program.
fn declared(declaration: &Value, abi: &mut Abi, program: &mut String) -> Result<()> {
    let name = declaration["name"].as_str().unwrap_or_default();
    let kind = declaration["kind"].as_str().unwrap_or_default();
    if kind == "EnumDecl" {
        for constant in inner(declaration).filter(|constant| constant["kind"] == "EnumConstantDecl") {
            let name = constant["name"].as_str().context("a constant without a name")?;
            writeln!(program, "printf(\"constant {name} = %lld\\n\", (long long){name});")?;
        }
    }
    if !name.starts_with("hwenc_") {
        return Ok(());
    }
    match kind {
        "FunctionDecl" => _ = abi.insert(format!("function {name}"), type_of(declaration)?),
        "TypedefDecl" => _ = abi.insert(format!("typedef {name}"), type_of(declaration)?),
        "RecordDecl" if declaration["completeDefinition"] == true => {
            writeln!(
                program,
                "printf(\"struct {name} = size %zu, align %zu\\n\", sizeof(struct {name}), _Alignof(struct {name}));"
            )?;
            for field in inner(declaration).filter(|field| field["kind"] == "FieldDecl") {
                let (field, kind) =
                    (field["name"].as_str().context("a field without a name")?, type_of(field)?);
                writeln!(
                    program,
                    "printf(\"field {name}.{field} = {kind} at %zu, %zu bytes\\n\", offsetof(struct {name}, {field}), \
                     sizeof(((struct {name} *)0)->{field}));"
                )?;
            }
        }
        "RecordDecl" | "EnumDecl" => {}
        kind => bail!("{name} is a {kind}, which nothing here can compare"),
    }
    Ok(())
}

fn inner(declaration: &Value) -> impl Iterator<Item = &Value> {
    declaration["inner"].as_array().into_iter().flatten()
}

fn type_of(declaration: &Value) -> Result<String> {
    let text = declaration["type"]["qualType"].as_str().context("a declaration without a type")?;
    // Compilers differ in which they print.
    Ok(text.replace("_Bool", "bool"))
}

/// As hwenc-capi/build.rs has it.
fn soname(project: &Project) -> Result<String> {
    let text = fs::read_to_string(project.root().join("hwenc-capi/build.rs"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("const ABI: u32 = ")?.strip_suffix(';'));
    Ok(format!("libhwenc.so.{}", line.context("hwenc-capi/build.rs has no ABI")?))
}

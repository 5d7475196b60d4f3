//! [`schema()`]: the JSON Schema of reports, from the types and their documentation.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use crate::av::PixelFormat;
use crate::device::{Mode, PciId};
use crate::error::Code;

use super::{Report, SCHEMA};

/// The schema of what [`Report::to_json`] writes, as JSON in draft 2020-12, indented.
///
/// It describes the layout [`SCHEMA`] and no other. Fields that are always written are required; ones that it does not name
/// are allowed, because a later version may add some without another layout.
pub fn schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize().with_transform(Plain);
    let mut schema = settings.into_generator().into_root_schema_for::<Report>();
    schema.insert("title".into(), "Report of hwenc".into());
    if let Some(layout) = schema.pointer_mut("/properties/schema").and_then(Value::as_object_mut) {
        layout.clear();
        layout.insert("description".into(), "Version of the layout.".into());
        layout.insert("const".into(), SCHEMA.into());
    }
    serde_json::to_string_pretty(&schema).expect("a schema is plain data") + "\n"
}

/// Takes out what means nothing to readers of JSON: links and `None` in descriptions, defaults of fields that are always
/// written, Rust's names of numbers.
#[derive(Clone)]
struct Plain;

impl Transform for Plain {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::String(text)) = schema.get_mut("description") {
            *text = plain(text).replace("`None`", "`null`");
        }
        schema.remove("default");
        schema.remove("format");
        transform_subschemas(self, schema);
    }
}

/// One line, without the marks of links.
fn plain(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(words.len());
    let mut rest = words.as_str();
    while let Some(at) = rest.find("[`") {
        let Some(end) = rest[at..].find("`]").map(|end| at + end) else { break };
        out.push_str(&rest[..at]);
        out.push_str(&rest[at + 1..=end]);
        rest = &rest[end + 2..];
        if let Some(close) = rest.strip_prefix('(').and_then(|target| target.find(')')) {
            rest = &rest[close + 2..];
        }
    }
    out + rest
}

macro_rules! text {
    ($($type:ty, $name:literal, $schema:expr;)*) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    )*};
}

text! {
    PciId, "PciId", json_schema!({
        "description": "A 16-bit id of the PCI registry, in hexadecimal.",
        "type": "string",
        "pattern": "^[0-9a-f]{4}$",
        "examples": ["8086"],
    });
    Mode, "Mode", json_schema!({
        "description": "The permission bits of a file, in octal.",
        "type": "string",
        "pattern": "^[0-7]{4}$",
        "examples": ["0660"],
    });
    PixelFormat, "PixelFormat", json_schema!({
        "description": "A pixel format by libavutil's name, such as `nv12`.",
        "type": "string",
        "pattern": "^[a-z0-9_]+$",
        "examples": ["nv12", "yuv420p10le"],
    });
    Code, "Code", json_schema!({
        "description": "A stable code. The examples are all that this version knows; a later one may write others.",
        "type": "string",
        "pattern": "^[a-z0-9_]+(\\.[a-z0-9_]+)*$",
        "examples": Code::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(),
    });
}

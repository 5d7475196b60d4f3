//! Holds reports to docs/report.schema.json, more strictly than it asks: ours have no field that it does not name.

use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::Value;

/// The checked-in schema.
pub(crate) const SCHEMA: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/report.schema.json"));

/// Panics with everything that is wrong with a report of this version.
pub(crate) fn check_json(report: &str) {
    static STRICT: OnceLock<Validator> = OnceLock::new();
    let validator = STRICT.get_or_init(|| {
        let mut schema = published();
        let definitions = schema["$defs"].clone();
        close(&mut schema, &definitions);
        jsonschema::draft202012::new(&schema).expect("the schema is one")
    });
    let report: Value = serde_json::from_str(report).expect("a report is JSON");
    let wrong: Vec<String> =
        validator.iter_errors(&report).map(|e| format!("{}: {e}", e.instance_path())).collect();
    let help = "where a field is new, `cargo xtask schema` adds it to docs/report.schema.json";
    assert!(wrong.is_empty(), "the report is not what its schema says; {help}:\n{}", wrong.join("\n"));
}

/// The schema as it is.
pub(crate) fn published() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

/// Refuses fields without a name in every object.
fn close(schema: &mut Value, definitions: &Value) {
    if let Value::Object(object) = schema
        && object.get("properties").is_some_and(Value::is_object)
    {
        // What an object shares with another definition, as the variants of a tagged enum do, is put into it: else each of
        // the two would refuse the other's fields.
        if let Some(Value::String(place)) = object.remove("$ref") {
            let shared = &definitions[place.rsplit('/').next().unwrap()];
            for (name, field) in shared["properties"].as_object().unwrap() {
                object["properties"][name] = field.clone();
            }
            object["required"].as_array_mut().unwrap().extend(shared["required"].as_array().unwrap().clone());
        }
        object.insert("additionalProperties".into(), false.into());
    }
    match schema {
        Value::Object(object) => object.values_mut().for_each(|part| close(part, definitions)),
        Value::Array(parts) => parts.iter_mut().for_each(|part| close(part, definitions)),
        _ => {}
    }
}

//! docs/report.schema.json says what reports are: what hwenc writes, all that it can write, and nothing else.

mod common;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use common::schema::{SCHEMA, check_json, published};
use common::{bare_machine, check_report};
use hwenc::Code;
use hwenc::probe::Report;
use serde_json::{Value, json};

#[test]
fn reports_of_machines_are_as_the_schema_says() {
    check_report(common::here().probe().unwrap());
    check_report(bare_machine());
    check_report(&Report::default());
}

/// Reports made from the schema, until each alternative of each choice has come, are read, and written again as they were.
#[test]
fn what_the_schema_says_is_read_and_written() {
    let schema = published();
    let (maker, mut all) = (Maker::new(&schema), BTreeSet::new());
    choices(&schema, &mut all);
    assert!(all.len() > 100, "{}", all.len());
    for turn in 0.. {
        assert!(turn < 10_000, "chance leaves something out");
        let made = maker.report();
        check_json(&made.to_string());
        let report = Report::from_json(&made.to_string()).unwrap_or_else(|e| panic!("{e:?}: {made}"));
        let written: Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(written, made);
        if maker.taken.borrow().is_superset(&all) {
            break;
        }
    }
}

#[test]
fn what_is_wrong_is_refused() {
    let schema = published();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let maker = Maker::new(&schema);
    for (place, wrong) in [
        ("/schema", json!(1)),
        ("/schema", json!(3)),
        ("/libraries", json!(null)),
        ("/machine/drm/render_nodes/0/file/mode", json!(432)),
        ("/machine/drm/render_nodes/0/file/access/state", json!("ajar")),
        ("/machine/displays/0/hardware/vendor", json!("Intel")),
        ("/trials/0/encoder", json!(null)),
        ("/trials/0/request/codec", json!("theora")),
        ("/trials/0/request/rate_control", json!({"cqp": 1, "vbr": 2})),
        ("/trials/0/outcome", json!("verified")),
        ("/va/0/entries/0/most", json!([1])),
        ("/isolation", json!("Process")),
    ] {
        // Not every report has every place.
        let mut reports = (0..100).map(|_| maker.report()).filter(|report| report.pointer(place).is_some());
        let mut report = reports.next().unwrap_or_else(|| panic!("no {place}"));
        assert!(validator.is_valid(&report));
        *report.pointer_mut(place).unwrap() = wrong;
        assert!(!validator.is_valid(&report), "{place}");
    }
    for name in schema["required"].as_array().unwrap() {
        let mut report = maker.report();
        report.as_object_mut().unwrap().remove(name.as_str().unwrap());
        assert!(!validator.is_valid(&report), "without {name}");
    }
}

/// Fields and codes of a later version of the same layout.
#[test]
fn what_a_later_version_adds_is_no_mistake() {
    let schema = published();
    let mut later = Maker::new(&schema).report();
    later["weather"] = json!("fine");
    later["trials"][0]["mood"] = json!([1, 2]);
    later["trials"][0]["outcome"] = json!({"failed": {
        "code": "device.on_fire", "message": "m", "evidence": [], "remedy": "water", "colour": "red",
    }});
    assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&later));
    let report = Report::from_json(&later.to_string()).unwrap();
    // An unknown code is kept as a fault, the words with it.
    let hwenc::probe::Outcome::Failed(reason) = &report.trials[0].outcome else { panic!("{report:?}") };
    assert_eq!((reason.code, reason.remedy.as_str()), (Code::Internal, "water"));
    // Where it is in no schema of ours, a test of ours says so.
    let text = later.to_string();
    assert!(std::panic::catch_unwind(|| check_json(&text)).is_err());
}

#[test]
fn the_schema_is_for_readers_of_json() {
    jsonschema::draft202012::meta::validate(&published()).expect("a schema of draft 2020-12");
    for rust in ["[`", "](", "`None`", "\"default\"", "\"format\""] {
        assert!(!SCHEMA.contains(rust), "{rust}");
    }
    let schema = published();
    let described = |name: &str, part: &Value| {
        assert!(
            part["description"].as_str().is_some_and(|text| !text.is_empty()),
            "{name} has no description"
        );
    };
    let properties = |part: &Value| part["properties"].as_object().cloned().unwrap_or_default();
    let parts = schema["$defs"].as_object().unwrap().iter();
    for (name, part) in parts {
        described(name, part);
        properties(part).iter().for_each(|(field, of)| described(&format!("{name}.{field}"), of));
    }
    properties(&schema).iter().for_each(|(field, of)| described(field, of));
}

/// Makes what a schema allows, with every field; which alternative of a choice comes is decided by chance.
struct Maker<'a> {
    schema: &'a Value,
    /// Of a linear congruential generator.
    state: Cell<u64>,
    /// Where the alternatives lie that have come.
    taken: RefCell<BTreeSet<*const Value>>,
}

impl<'a> Maker<'a> {
    fn new(schema: &'a Value) -> Self {
        Maker { schema, state: Cell::new(1), taken: RefCell::default() }
    }

    fn report(&self) -> Value {
        self.make(self.schema)
    }

    fn pick(&self, all: &'a [Value]) -> &'a Value {
        self.state.set(self.state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        let one = &all[(self.state.get() >> 33) as usize % all.len()];
        self.taken.borrow_mut().insert(one);
        one
    }

    fn make(&self, part: &'a Value) -> Value {
        if let Some(value) = part.get("const") {
            return value.clone();
        }
        if let Some(all) = alternatives(part) {
            return self.make(self.pick(all));
        }
        if let Some(Value::Array(all)) = part.get("examples") {
            return self.pick(all).clone();
        }
        let mut made = match part.get("$ref") {
            Some(place) => self.make(self.schema.pointer(&place.as_str().unwrap()[1..]).unwrap()),
            None => match &part["type"] {
                Value::Array(types) => self.of_type(part, self.pick(types)),
                one => self.of_type(part, one),
            },
        };
        // A variant of a tagged enum has its tag beside what it refers to.
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            let value = self.make(field);
            let required = part["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            if required || !value.is_null() {
                made[name] = value;
            }
        }
        made
    }

    fn of_type(&self, part: &'a Value, name: &Value) -> Value {
        match name.as_str().unwrap_or_else(|| panic!("{part} has no type")) {
            "null" => Value::Null,
            "boolean" => json!(self.state.get() >> 63 == 0),
            "integer" => part.get("maximum").cloned().unwrap_or(json!(3)),
            "number" => json!(1.5),
            "string" => json!("text"),
            "array" => match part.get("prefixItems") {
                Some(Value::Array(items)) => items.iter().map(|item| self.make(item)).collect(),
                _ => json!([self.make(&part["items"])]),
            },
            "object" => match part.get("additionalProperties") {
                Some(values @ Value::Object(_)) => json!({ "name": self.make(values) }),
                _ => json!({}),
            },
            other => panic!("a {other}"),
        }
    }
}

fn alternatives(part: &Value) -> Option<&Vec<Value>> {
    part.get("oneOf").or(part.get("anyOf")).and_then(Value::as_array)
}

/// Every alternative of every choice in a schema.
fn choices(part: &Value, found: &mut BTreeSet<*const Value>) {
    for list in [alternatives(part), part["type"].as_array(), part["examples"].as_array()] {
        found.extend(list.into_iter().flatten().map(|one| one as *const Value));
    }
    match part {
        Value::Object(parts) => parts.values().for_each(|part| choices(part, found)),
        Value::Array(parts) => parts.iter().for_each(|part| choices(part, found)),
        _ => {}
    }
}

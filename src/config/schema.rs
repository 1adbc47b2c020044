//! The JSON Schema of the file, for editors.

use serde_json::{Map, Value, json};

use super::keys::{FILE, Key, Kind, Presence};

/// The JSON Schema (draft 2020-12) of the configuration. It completes keys and
/// finds most mistakes; `check` finds all.
pub fn schema() -> Value {
    let mut schema = mapping(FILE);
    if let Value::Object(fields) = &mut schema {
        let dialect = "https://json-schema.org/draft/2020-12/schema";
        fields.insert("$schema".to_owned(), json!(dialect));
        fields.insert("title".to_owned(), json!("sag-exporter configuration"));
    }
    schema
}

fn mapping(keys: &[Key]) -> Value {
    let property = |key: &Key| {
        let mut schema = value(key.kind);
        if let Value::Object(fields) = &mut schema {
            fields.insert("description".to_owned(), json!(key.help));
        }
        (key.name.to_owned(), schema)
    };
    let properties: Map<String, Value> = keys.iter().map(property).collect();
    let required = keys.iter().filter(|key| key.presence == Presence::Required);
    let required: Vec<&str> = required.map(|key| key.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn value(kind: Kind) -> Value {
    match kind {
        // A plain number or word such as `on` is text where text is wanted.
        Kind::Text(_) | Kind::File(_) => json!({"type": ["string", "number", "boolean"]}),
        Kind::Duration(_) => json!({"type": "string", "pattern": r"^\s*\d"}),
        Kind::Number { above, most, .. } => {
            json!({"type": "number", "exclusiveMinimum": above, "maximum": most})
        }
        Kind::Whole { least, most, .. } => match most {
            Some(most) => json!({"type": "integer", "minimum": least, "maximum": most}),
            None => json!({"type": "integer", "minimum": least}),
        },
        Kind::Truth(_) => json!({"type": "boolean"}),
        Kind::OneOf(words) => json!({"enum": words}),
        Kind::Texts(_) => json!({"type": "array", "items": value(Kind::Text(""))}),
        Kind::TextsOr(_, word) => json!({"anyOf": [value(Kind::Texts("")), {"const": word}]}),
        Kind::Map(keys) => mapping(keys),
        Kind::Maps(keys) => json!({"type": "array", "minItems": 1, "items": mapping(keys)}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_names_what_an_editor_completes() {
        let schema = schema();
        let at = |path: &str| schema.pointer(path).cloned().unwrap_or_default();
        assert_eq!(at("/required"), json!(["accounts"]));
        assert_eq!(at("/additionalProperties"), json!(false));
        let account = "/properties/accounts/items";
        assert_eq!(
            at(&format!("{account}/required")),
            json!(["name", "regions"])
        );
        let rate = at(&format!("{account}/properties/rate"));
        assert_eq!(rate["maximum"], json!(10_000.0));
        let user = at("/properties/labels/properties/user");
        assert_eq!(user["enum"], json!(["plain", "pseudonym", "none"]));
        let role = format!("{account}/properties/credentials/properties/assume_role");
        assert_eq!(at(&format!("{role}/required")), json!(["arn"]));
    }
}

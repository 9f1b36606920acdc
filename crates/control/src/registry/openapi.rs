//! The HTTP API as an OpenAPI document (version 3.1).

use serde_json::{Map, Value as Json, json};

use super::{CommandSpec, Daemon, Kind, Provider, Shape, commands};

/// The OpenAPI description of the HTTP API: one request, whose body is one of all commands.
pub fn openapi() -> Json {
    let mut schemas: Map<String, Json> =
        commands().iter().map(|spec| (spec.name.to_string(), command(spec))).collect();
    let choices: Vec<Json> = commands().iter().map(|spec| reference(&spec.name)).collect();
    schemas.insert("command".into(), json!({ "oneOf": choices }));
    schemas.insert("answer".into(), answer());
    let refusal = |description: &str| json!({ "description": description, "content": of_json(&reference("answer")) });
    let answers = json!({ "type": "array", "items": reference("answer"), "minItems": 1 });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Management API",
            "version": "1",
            "summary": "Commands to the DHCP servers, the DNS update daemon and the control agent",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [
            { "url": "http://127.0.0.1:8000", "description": "The default of 'control-sockets'" },
        ],
        "security": [{}, { "basic": [] }, { "certificate": [] }],
        "paths": { "/": { "post": {
            "operationId": "command",
            "summary": "Sends a command",
            "requestBody": { "required": true, "content": of_json(&reference("command")) },
            "responses": {
                "200": {
                    "description": "A list of answers: one, or from the control agent one for each service",
                    "content": of_json(&answers),
                },
                "400": refusal("Not HTTP, not JSON, or not a POST request"),
                "401": refusal("The user or the password is missing or wrong"),
                "413": refusal("The command is too large"),
                "503": refusal("Too many commands are arriving at this time"),
            },
        } } },
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "basic": { "type": "http", "scheme": "basic" },
                "certificate": { "type": "mutualTLS" },
            },
        },
    })
}

fn of_json(schema: &Json) -> Json {
    json!({ "application/json": { "schema": schema } })
}

fn reference(name: &str) -> Json {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn answer() -> Json {
    json!({
        "type": "object",
        "required": ["result"],
        "properties": {
            "result": {
                "type": "integer",
                "description": "0: done; 1: failed; 2: no such command; 3: nothing found or changed; \
                                4: contradicts the state of the server; 5: failed, and partly changed. \
                                Outside of 200, the status of the response",
            },
            "text": { "type": "string", "description": "What happened, for a person" },
            "arguments": { "description": "What was asked for" },
        },
    })
}

fn command(spec: &CommandSpec) -> Json {
    let mut properties = Map::new();
    properties.insert("command".into(), json!({ "const": spec.name }));
    let services: Vec<_> = spec.daemons.iter().filter_map(Daemon::service).collect();
    if !services.is_empty() {
        let service = json!({ "type": "array", "items": { "enum": services } });
        properties.insert("service".into(), service);
    }
    let mut required = vec!["command"];
    if let Some((arguments, needed)) = arguments(spec) {
        properties.insert("arguments".into(), arguments);
        if needed {
            required.push("arguments");
        }
    }
    let programs: Vec<_> = spec.daemons.iter().map(Daemon::program).collect();
    let mut schema = json!({
        "type": "object",
        "description": spec.help,
        "required": required,
        "properties": properties,
        "x-programs": programs,
        "x-since": spec.since,
    });
    if let (Provider::Library(library), Json::Object(members)) = (spec.provider, &mut schema) {
        members.insert("x-library".into(), format!("libdhcp_{library}.so").into());
    }
    schema
}

/// The schema of the arguments, and whether there must be any.
fn arguments(spec: &CommandSpec) -> Option<(Json, bool)> {
    if let Shape::Value(value) = spec.shape {
        return Some((kind(value), true));
    }
    let fields: Map<String, Json> = spec
        .fields()
        .map(|(name, field)| {
            let mut schema = kind(field.kind);
            if let Json::Object(members) = &mut schema {
                members.insert("description".into(), field.help.into());
            }
            (name.into_owned(), schema)
        })
        .collect();
    if fields.is_empty() {
        return None;
    }
    let required: Vec<_> =
        spec.fields().filter(|(_, field)| field.required).map(|(name, _)| name).collect();
    let ways: Vec<_> = spec.alternatives().iter().map(|way| json!({ "required": way })).collect();
    let needed = !required.is_empty()
        || !ways.is_empty() && spec.alternatives().iter().all(|way| !way.is_empty());
    let mut schema = json!({ "type": "object", "required": required, "properties": fields });
    if let (false, Json::Object(members)) = (ways.is_empty(), &mut schema) {
        members.insert("anyOf".into(), ways.into());
    }
    Some((schema, needed))
}

fn kind(kind: Kind) -> Json {
    match kind {
        Kind::Boolean => json!({ "type": "boolean" }),
        Kind::Integer(least, most) => {
            let bounds = [("minimum", least, i64::MIN), ("maximum", most, i64::MAX)];
            let bounds = bounds.into_iter().filter(|(_, bound, none)| bound != none);
            let bounds = bounds.map(|(name, bound, _)| (name.to_owned(), Json::from(bound)));
            std::iter::once(("type".to_owned(), Json::from("integer"))).chain(bounds).collect()
        }
        Kind::Text => json!({ "type": "string" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Address => {
            json!({ "type": "string", "anyOf": [{ "format": "ipv4" }, { "format": "ipv6" }] })
        }
        Kind::Map => json!({ "type": "object" }),
        Kind::List => json!({ "type": "array" }),
        Kind::One => json!({ "type": "array", "minItems": 1, "maxItems": 1 }),
        Kind::Any => json!({}),
    }
}

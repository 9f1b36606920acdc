//! Clients known by what an expression makes of their queries (the manual's section on the flexible
//! identifier library).

use std::sync::Arc;

use kea_config::document::Value;
use kea_config::snapshot::{Dialect, Snapshot};
use kea_expr::{ClassSet, Facts, Scratch, StringExpr};
use kea_hooks::{FlexibleIdentifier, Hook, Loaded, Point, Query};

use crate::parameters::Parameters;

/// Makes the hook.
pub(crate) fn load<F: Dialect>(parameters: Option<&Value>, config: &Snapshot<F>) -> Loaded<F> {
    let known = ["identifier-expression", "replace-client-id", "ignore-iaid"];
    let parameters = Parameters::new(parameters, &known)?;
    let text = parameters.text("identifier-expression")?;
    let text = text.ok_or("it needs an 'identifier-expression'")?;
    let mut classes = config.classes.names().clone();
    let expression = StringExpr::parse::<F>(text, &config.option_names(), &mut classes);
    let expression =
        expression.map_err(|error| format!("'identifier-expression' \"{text}\": {error}"))?;
    Ok(Arc::new(FlexId {
        expression,
        replaces_client_id: parameters.boolean("replace-client-id")?,
        ignores_iaid: parameters.boolean("ignore-iaid")?,
    }))
}

struct FlexId {
    expression: StringExpr,
    replaces_client_id: bool,
    ignores_iaid: bool,
}

impl<F: Dialect> Hook<F> for FlexId {
    fn name(&self) -> &str {
        "flex_id"
    }

    fn points(&self) -> &[Point] {
        &[Point::HostIdentifier]
    }

    fn may_explain(&self) -> bool {
        true
    }

    /// None where the expression yields nothing, or cannot be evaluated.
    fn host_identifier(
        &self,
        _: &Query<'_, F>,
        facts: &dyn Facts,
        classes: &ClassSet,
    ) -> Option<FlexibleIdentifier> {
        let mut scratch = Scratch::new();
        let octets = self.expression.evaluate(facts, classes, &mut scratch).ok()?;
        Some(FlexibleIdentifier {
            octets: octets.to_vec(),
            replaces_client_id: self.replaces_client_id,
            ignores_iaid: self.ignores_iaid,
        })
    }
}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use crate::tests::{check, loaded};

    const FILE: &str = "libdhcp_flex_id.so";

    #[test]
    fn parameters_are_checked_when_the_configuration_is() {
        for (parameters, wrong) in [
            (r#"{ "identifier-expression": "relay4[1].hex" }"#, None),
            (
                r#"{ "identifier-expression": "option[host-name].hex", "replace-client-id": true }"#,
                None,
            ),
            (r#"{ "identifier-expression": "member('nobody')" }"#, Some("'identifier-expression'")),
            (
                r#"{ "identifier-expression": "option[61].hex == 0x01" }"#,
                Some("'identifier-expression'"),
            ),
            (r#"{ "identifier-expression": 7 }"#, Some("'identifier-expression' must be a string")),
            (r#"{ "replace-client-id": true }"#, Some("it needs an 'identifier-expression'")),
            (
                r#"{ "identifier-expression": "'a'", "ignore-iaid": "no" }"#,
                Some("'ignore-iaid' must be"),
            ),
            (r#"{ "identifier-expression": "'a'", "colour": 1 }"#, Some("'colour' is not among")),
        ] {
            check::<V4>(FILE, parameters, wrong);
        }
        let relay = r#"{ "identifier-expression": "substring(relay6[0].option[18].hex, 0, 8)" }"#;
        assert_eq!(loaded::<V6>(FILE, relay), Ok(1));
        assert!(loaded::<V4>(FILE, relay).is_err());
    }
}

//! What a DHCPv6 exchange came to, for explanations.

use kea_wire::V6;
use kea_wire::v6::View;

use super::association::Binding;
use crate::pipeline::explain::{LeaseStep, Sources, Step, range};

/// Something that is offered or granted.
pub(super) fn binding_step(binding: &Binding<'_>) -> Step {
    let address = match binding.prefix.len() {
        128 => binding.prefix.first().to_string(),
        _ => binding.prefix.to_string(),
    };
    Step::Lease(LeaseStep {
        address,
        subnet: binding.subnet.id.0,
        pool: binding.pool.map(|pool| range(&pool.range)),
        valid_lifetime: binding.lifetimes.valid,
        preferred_lifetime: Some(binding.lifetimes.preferred),
    })
}

/// The answer that was written.
pub(super) fn answer_step(sources: &Sources<'_, '_, V6>, written: &[u8]) -> Step {
    let Ok(view) = View::parse(written) else {
        return Step::Silence { reason: "what was written is no message".to_owned() };
    };
    Step::Answered {
        message_type: view.message_type().to_string(),
        fields: Vec::new(),
        options: sources.options(view.options().iter()),
    }
}

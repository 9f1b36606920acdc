//! The definitions by which the options of one query are read.

use kea_wire::Family;
use kea_wire::v4::{Padding, code};

use crate::definition::Definition;
use crate::registry::Registry;

/// The definitions of a registry and, before them, those of the classes that a query belongs to.
#[derive(Clone, Debug)]
pub struct InScope<'d, F> {
    registry: &'d Registry<F>,
    of_classes: Vec<&'d Definition<F>>,
}

impl<'d, F: Family> InScope<'d, F> {
    /// `of_classes` in the order of the classes: of several for one code the first holds.
    pub fn new(
        registry: &'d Registry<F>,
        of_classes: impl IntoIterator<Item = &'d Definition<F>>,
    ) -> Self {
        InScope { registry, of_classes: of_classes.into_iter().collect() }
    }

    /// The definition of a code.
    pub fn by_code(&self, space: &str, code: u16) -> Option<&'d Definition<F>> {
        let is_it = |it: &&&Definition<F>| it.code() == code && it.space() == space;
        let of_class = self.of_classes.iter().find(is_it).copied();
        of_class.or_else(|| self.registry.by_code(space, code))
    }

    /// How many octets an option has that is one number, whatever the classes ([`Registry::number_len`]).
    pub fn number_len(&self, code: u16) -> Option<usize> {
        self.registry.number_len(code)
    }

    /// Where sub-options begin in the data of the option of a message at `path`, outermost code
    /// first; `None` when it has none, or does not always have them at one place.
    pub fn sub_options_at(&self, path: &[u16]) -> Option<usize> {
        let (mut space, mut at) = (F::OPTION_SPACE, None);
        for code in path {
            let definition = self.by_code(space, *code)?;
            space = definition.encapsulates()?;
            at = definition.field_types().iter().map(|field| field.fixed_len()).sum();
            at?;
        }
        at
    }

    /// Which codes stand alone among the sub-options of the option at `path`. In option 43 of DHCPv4
    /// these are 0 and 255, unless its space defines options with those codes.
    pub fn padding(&self, path: &[u16]) -> Padding {
        const VENDOR: u16 = code::VENDOR_ENCAPSULATED_OPTIONS as u16;
        if F::VERSION != 4 || path != [VENDOR] {
            return Padding::default();
        }
        let space = self.by_code(F::OPTION_SPACE, VENDOR).and_then(Definition::encapsulates);
        let is_free = |code| space.is_none_or(|space| self.by_code(space, code).is_none());
        Padding { pad: is_free(0), end: is_free(255) }
    }
}

#[cfg(test)]
mod tests {
    use kea_wire::V4;

    use super::*;
    use crate::custom::DefinitionText;

    fn definition(code: u16, space: Option<&str>, data_type: &str, inside: &str) -> Definition<V4> {
        let name = format!("option-{code}");
        let text = DefinitionText {
            name: &name,
            code: code.into(),
            space,
            data_type,
            encapsulate: inside,
            ..DefinitionText::default()
        };
        Definition::custom(&text).unwrap()
    }

    #[test]
    fn sub_options_begin_after_what_has_one_length() {
        let mut registry = Registry::<V4>::standard();
        for (code, space, data_type, inside) in [
            (222, None, "uint16", "one"),
            (7, Some("one"), "empty", "two"),
            (223, None, "fqdn", "one"),
        ] {
            registry.define(definition(code, space, data_type, inside)).unwrap();
        }
        let in_scope = InScope::new(&registry, []);
        for (path, at) in [
            (&[43][..], Some(0)),
            (&[222], Some(2)),
            (&[222, 7], Some(0)),
            (&[222, 8], None),
            (&[223], None),
            (&[3], None),
            (&[], None),
        ] {
            assert_eq!(in_scope.sub_options_at(path), at, "{path:?}");
        }
    }

    #[test]
    fn the_first_class_with_a_definition_comes_before_the_registry() {
        let mut registry = Registry::<V4>::standard();
        registry.define(definition(224, None, "uint32", "one")).unwrap();
        let [first, second] = [("uint8", "one"), ("uint16", "two")]
            .map(|(data_type, inside)| definition(224, None, data_type, inside));
        let at = |of_classes: &[&Definition<V4>]| {
            InScope::new(&registry, of_classes.iter().copied()).sub_options_at(&[224])
        };
        assert_eq!((at(&[]), at(&[&first, &second])), (Some(4), Some(1)));
        assert_eq!(at(&[&second, &first]), Some(2));
    }

    #[test]
    fn pad_and_end_give_way_to_definitions() {
        let mut registry = Registry::<V4>::standard();
        registry.define(definition(0, Some("odd"), "uint8", "")).unwrap();
        registry.define(definition(255, Some("even"), "uint8", "")).unwrap();
        let classes = ["odd", "even", "other"].map(|inside| definition(43, None, "empty", inside));
        let padding = |of_class: Option<&Definition<V4>>, path: &[u16]| {
            InScope::new(&registry, of_class).padding(path)
        };
        assert_eq!(padding(None, &[43]), Padding { pad: true, end: true });
        assert_eq!(padding(Some(&classes[0]), &[43]), Padding { pad: false, end: true });
        assert_eq!(padding(Some(&classes[1]), &[43]), Padding { pad: true, end: false });
        assert_eq!(padding(Some(&classes[2]), &[43]), Padding { pad: true, end: true });
        for path in [&[][..], &[82], &[125], &[43, 1]] {
            assert_eq!(padding(None, path), Padding::default(), "{path:?}");
        }
    }
}

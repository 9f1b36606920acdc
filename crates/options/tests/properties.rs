//! Whatever the text or the octets: no panic, and what was read writes the same again.

use kea_options::{
    DataType, Definition, DefinitionText, DomainName, EncodedOption, OptionText, Parsing, Registry,
    SubOptions, VendorBlocks, VendorClassData,
};
use kea_wire::{Family, V4, V6};
use proptest::prelude::*;

/// Decodes and encodes again through the text.
fn both_ways<F: Family>(registry: &Registry<F>, space: &str, code: u16, octets: &[u8]) {
    let Some(definition) = registry.by_code(space, code) else { return };
    for parsing in [Parsing::Strict, Parsing::Lenient] {
        let Ok(value) = definition.decode(octets, parsing) else { continue };
        let text = value.to_string();
        if let Ok(again) = definition.parse_csv(&text) {
            let encoded = definition.encode_csv(&text);
            if value.sub_options.is_empty() && is_plain(definition) {
                assert_eq!(again.fields, value.fields, "{} {text:?}", definition.name());
            }
            assert!(encoded.is_ok() || definition.data_type() == DataType::Record, "{text:?}");
        }
    }
}

/// Text that is not UTF-8, or begins or ends with a blank, is not what was read any more.
fn is_plain<F: Family>(definition: &Definition<F>) -> bool {
    let has_text = |t: &DataType| matches!(t, DataType::String | DataType::Tuple);
    !has_text(&definition.data_type())
        && !definition.record_types().iter().any(has_text)
        && definition.data_type() != DataType::Internal
        && !matches!(definition.code(), 16 | 124 | 125)
}

fn any_type() -> impl Strategy<Value = DataType> {
    proptest::sample::select(&DataType::ALL[..])
}

proptest! {
    #[test]
    fn octets_of_any_option(octets in proptest::collection::vec(any::<u8>(), 0..80), code in 0u16..260) {
        both_ways(&Registry::<V4>::standard(), "dhcp4", code, &octets);
        both_ways(&Registry::<V6>::standard(), "dhcp6", code, &octets);
    }

    #[test]
    fn text_of_any_option(text in any::<String>(), name in "[a-z-]{0,8}", code in 0u16..260, csv in any::<Option<bool>>()) {
        let entry = OptionText { code: Some(code), csv_format: csv, data: &text, ..OptionText::default() };
        let (v4, v6) = (Registry::<V4>::standard(), Registry::<V6>::standard());
        let _ = v4.encode(&entry);
        let _ = v6.encode(&entry);
        let _ = v4.encode(&OptionText { name: Some(&name), code: None, ..entry });
        if let Some(definition) = v4.by_code("dhcp4", code) {
            let _ = definition.surplus_offset(&text);
        }
    }

    #[test]
    fn text_of_likely_characters(text in "[0-9a-fx:./,|= '\\\\-]{0,40}", code in 0u16..260) {
        for csv_format in [None, Some(false)] {
            let entry = OptionText { code: Some(code), csv_format, data: &text, ..OptionText::default() };
            let encoded = Registry::<V4>::standard().encode(&entry);
            if let Ok(EncodedOption { data, .. }) = encoded {
                both_ways(&Registry::<V4>::standard(), "dhcp4", code, &data);
            }
            let _ = Registry::<V6>::standard().encode(&entry);
        }
    }

    #[test]
    fn custom_definitions_encode_what_they_decode(
        data_type in any_type(),
        fields in proptest::collection::vec(any_type(), 0..4),
        array in any::<bool>(),
        text in "[0-9a-f:./, ]{0,30}",
    ) {
        let record_types = fields.iter().map(|t| t.name()).collect::<Vec<_>>().join(",");
        let text_of = DefinitionText {
            name: "x", code: 230, data_type: data_type.name(), array, record_types: &record_types,
            ..DefinitionText::default()
        };
        if let Ok(definition) = Definition::<V4>::custom(&text_of)
            && let Ok(octets) = definition.encode_csv(&text)
        {
            let value = definition.decode(&octets, Parsing::Strict);
            prop_assert!(value.is_ok(), "{definition:?} {octets:x?} {value:?}");
            let again = definition.encode_csv(&value.unwrap().to_string());
            // Nothing at all is no field, so the text of a last field without octets is lost.
            if let Ok(again) = again {
                prop_assert_eq!(again, octets);
            }
        }
    }

    #[test]
    fn names_read_what_they_write(octets in proptest::collection::vec(any::<u8>(), 0..40), start in 0usize..50) {
        for compression in [kea_options::Compression::Allowed, kea_options::Compression::Refused] {
            if let Ok((name, end)) = DomainName::from_wire(&octets, start, compression) {
                prop_assert!(end <= octets.len());
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }

    #[test]
    fn containers_of_any_octets(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(SubOptions::<V4>::new(&octets).count() <= octets.len());
        prop_assert!(SubOptions::<V6>::new(&octets).count() <= octets.len());
        for (_, data) in VendorBlocks::<V4>::new(&octets).flatten() {
            prop_assert!(data.len() <= 255);
        }
        for (_, data) in VendorBlocks::<V6>::new(&octets).flatten() {
            prop_assert!(VendorClassData::new(data).count() <= data.len());
        }
    }
}

//! Messages of the evaluation of classification expressions.

use super::catalogue;

catalogue! {
    [Debug 50] Eval {
        EVAL_RESULT: "class %1: %2",
            "Written for each class that is evaluated: whether the packet joined it, and if not, why.";
    }
    [Debug 55] Eval {
        EVAL_DEBUG_AND: "%1 and %2 give %3";
        EVAL_DEBUG_CONCAT: "concat of %1 and %2 gives %3";
        EVAL_DEBUG_EQUAL: "%1 == %2 gives %3";
        EVAL_DEBUG_HEXSTRING: "constant %1";
        EVAL_DEBUG_IFELSE_FALSE: "condition %1: %2 is passed over for %3";
        EVAL_DEBUG_IFELSE_TRUE: "condition %1: %2 is passed over for %3";
        EVAL_DEBUG_INT8TOTEXT: "int8totext gives %1";
        EVAL_DEBUG_INT16TOTEXT: "int16totext gives %1";
        EVAL_DEBUG_INT32TOTEXT: "int32totext gives %1";
        EVAL_DEBUG_UCASE: "ucase of %1 gives %2";
        EVAL_DEBUG_UINT8TOTEXT: "uint8totext gives %1";
        EVAL_DEBUG_UINT16TOTEXT: "uint16totext gives %1";
        EVAL_DEBUG_UINT32TOTEXT: "uint32totext gives %1";
        EVAL_DEBUG_IPADDRESS: "address %1";
        EVAL_DEBUG_IPADDRESSTOTEXT: "addrtotext gives %1";
        EVAL_DEBUG_LCASE: "lcase of %1 gives %2";
        EVAL_DEBUG_MATCH: "match of the pattern with %1 gives %2";
        EVAL_DEBUG_MEMBER: "member('%1') gives %2";
        EVAL_DEBUG_NOT: "not %1 gives %2";
        EVAL_DEBUG_OPTION: "option[%1] is %2";
        EVAL_DEBUG_OR: "%1 or %2 gives %3";
        EVAL_DEBUG_PKT: "pkt.%1 is %2";
        EVAL_DEBUG_PKT4: "pkt4.%1 is %2";
        EVAL_DEBUG_PKT6: "pkt6.%1 is %2";
        EVAL_DEBUG_RELAY6: "relay field %1 at nesting %2 is %3";
        EVAL_DEBUG_RELAY6_RANGE: "relay field %1: no relay at nesting %2, gives %3";
        EVAL_DEBUG_SPLIT: "field %1 by '%2' of %3 gives %4";
        EVAL_DEBUG_SPLIT_DELIM_EMPTY: "field %1 by no delimiter '%2' of %3 gives %4";
        EVAL_DEBUG_SPLIT_EMPTY: "field %1 by '%2' of empty %3 gives %4";
        EVAL_DEBUG_SPLIT_FIELD_OUT_OF_RANGE: "no field %1 by '%2' in %3, gives %4";
        EVAL_DEBUG_STRING: "constant %1";
        EVAL_DEBUG_SUBSTRING: "length %1 from %2 of %3 gives %4";
        EVAL_DEBUG_SUBSTRING_EMPTY: "length %1 from %2 of empty %3 gives %4";
        EVAL_DEBUG_SUBSTRING_RANGE: "length %1 from %2 is outside %3, gives %4";
        EVAL_DEBUG_SUB_OPTION: "option[%1].option[%2] is %3";
        EVAL_DEBUG_SUB_OPTION_NO_OPTION:
            "option[%1] is absent and so is option[%2] within, gives %3";
        EVAL_DEBUG_TOHEXSTRING: "hexstring of %1 with '%2' gives %3";
        EVAL_DEBUG_VENDOR_CLASS_DATA: "vendor-class data %1 of %2 is '%3'";
        EVAL_DEBUG_VENDOR_CLASS_DATA_NOT_FOUND:
            "no vendor-class data %1, enterprise %2 sent %3, gives '%4'";
        EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID: "vendor-class enterprise %1, gives 0x%2";
        EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID_MISMATCH:
            "vendor-class of enterprise %1 asked for, %2 is there, gives '%3'";
        EVAL_DEBUG_VENDOR_CLASS_EXISTS: "vendor-class of enterprise %1 is there, gives '%2'";
        EVAL_DEBUG_VENDOR_CLASS_NO_OPTION: "no vendor-class option %1, gives '%2'";
        EVAL_DEBUG_VENDOR_ENTERPRISE_ID: "vendor enterprise %1, gives 0x%2";
        EVAL_DEBUG_VENDOR_ENTERPRISE_ID_MISMATCH:
            "vendor option of enterprise %1 asked for, %2 is there, gives '%3'";
        EVAL_DEBUG_VENDOR_EXISTS: "vendor option of enterprise %1 is there, gives '%2'";
        EVAL_DEBUG_VENDOR_NO_OPTION: "no vendor option %1, gives '%2'";
    }
}

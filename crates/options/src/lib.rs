//! Option definitions and spaces; typed option data as text and as bytes.
#![forbid(unsafe_code)]

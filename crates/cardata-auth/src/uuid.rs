//! The shape of a UUID, which client ids and GCIDs have.

/// The length of a UUID in characters.
pub(crate) const LENGTH: usize = 36;

/// Whether the text is five groups of hexadecimal digits, 8-4-4-4-12, in either case.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == LENGTH
        && text.bytes().enumerate().all(|(position, byte)| match position {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

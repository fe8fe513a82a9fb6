//! Numbers and texts as bytes: small numbers take one.

/// Adds a number in as many bytes as it needs, seven bits in each, the lowest first.
pub(super) fn push(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    to.push(u8::try_from(number).unwrap_or(0));
}

/// Adds a number that may be below zero.
pub(super) fn push_signed(to: &mut Vec<u8>, number: i64) {
    push(to, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Adds bytes behind their number.
pub(super) fn push_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    push(to, bytes.len() as u64);
    to.extend_from_slice(bytes);
}

/// What is left to be read. `None` is its end, or what was not written by the functions above.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    pub fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    pub fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// How many there are of something that takes at least a byte each.
    pub fn count(&mut self) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len()).then_some(count)
    }

    pub fn bytes(&mut self) -> Option<Self> {
        let count = self.count()?;
        let (bytes, rest) = self.0.split_at(count);
        self.0 = rest;
        Some(Self(bytes))
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?.0).ok()
    }

    /// The bytes up to one that ends them.
    pub fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let at = self.0.iter().position(|byte| *byte == end)?;
        let found = &self.0[..at];
        self.0 = &self.0[at + 1..];
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_goes_in_comes_out(number: u64, signed: i64, bytes: Vec<u8>) {
            let mut to = Vec::new();
            push(&mut to, number);
            push_signed(&mut to, signed);
            push_bytes(&mut to, &bytes);
            let mut from = Bytes(&to);
            proptest::prop_assert_eq!(from.number(), Some(number));
            proptest::prop_assert_eq!(from.signed(), Some(signed));
            proptest::prop_assert_eq!(from.bytes().map(|bytes| bytes.0), Some(&*bytes));
            proptest::prop_assert_eq!(from.byte(), None);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            for at in 0..bytes.len() {
                let from = Bytes(&bytes[at..]);
                let _ = { from }.number();
                let _ = { from }.signed();
                let _ = { from }.text();
                let _ = { from }.until(0);
            }
        }
    }
}

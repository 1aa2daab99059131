//! Bytes in hexadecimal digits.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Two lower-case digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)]));
    let mut text = String::with_capacity(2 * bytes.len());
    text.extend(digits);
    text
}

/// The bytes of pairs of digits in either case; `None` for anything else.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_back_in_either_case_and_nothing_else_is() {
        assert_eq!(unhex("000a7fF0ff"), Some(vec![0x00, 0x0a, 0x7f, 0xf0, 0xff]));
        assert_eq!(unhex(""), Some(Vec::new()));
        for wrong in ["0", "0g", "é", "+1", " 0", "0x"] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_byte_has_its_two_digits() {
        assert_eq!(hex(&[0x00, 0x0a, 0x7f, 0xf0, 0xff]), "000a7ff0ff");
        assert_eq!(hex(&[]), "");
    }
}

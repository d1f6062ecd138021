//! Random numbers, and numbers that stand for texts; a seed fixes both for good.

pub use lacuna_numeric::SplitMix;

/// A number that stands for a text: FNV-1a, 64 bit (Fowler, Noll and Vo).
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

#[cfg(test)]
mod tests {
    use super::hash;

    #[test]
    fn the_numbers_are_those_of_the_published_function() {
        // From the test vectors of the FNV reference code, http://www.isthe.com/chongo/tech/comp/fnv/.
        assert_eq!(hash(""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(hash("a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(hash("foobar"), 0x8594_4171_F739_67E8);
    }
}

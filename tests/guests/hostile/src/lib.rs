//! Misbehaviour that needs no host.

use std::hint::black_box;

/// Never comes back.
pub fn endless_loop() -> ! {
    loop {
        black_box(());
    }
}

/// Takes memory until there is no more.
pub fn memory_bomb() -> ! {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    loop {
        taken.push(vec![1; 1 << 20]);
        black_box(&taken);
    }
}

/// Calls itself without end.
#[inline(never)]
#[expect(unconditional_recursion, reason = "that is what it is for")]
pub fn recursion(depth: u64) -> u64 {
    black_box(recursion(black_box(depth) + 1)) + 1
}

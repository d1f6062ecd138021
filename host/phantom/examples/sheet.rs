//! Writes phantoms beside their masks into one PGM: `sheet SEED FIRST COLUMNS ROWS FILE`.

use lacuna_phantom::{SIDE, phantom};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |i: usize, default: u64| arguments.get(i).map_or(Ok(default), |text| text.parse::<u64>());
    let (seed, first, columns, rows) = (number(1, 7)?, number(2, 0)?, number(3, 4)? as usize, number(4, 4)? as usize);
    let mut sheet = vec![0_u8; SIDE * SIDE * columns * rows];
    for place in 0..columns * rows {
        let made = phantom(seed, first + place as u64);
        for (i, value) in made.image.iter().enumerate() {
            let (row, column) = (place / columns * SIDE + i / SIDE, place % columns * SIDE + i % SIDE);
            sheet[row * columns * SIDE + column] = (255.0 * value).round() as u8;
        }
    }
    let mut file = format!("P5 {} {} 255\n", columns * SIDE, rows * SIDE).into_bytes();
    file.append(&mut sheet);
    std::fs::write(arguments.get(5).map_or("sheet.pgm", String::as_str), file)?;
    Ok(())
}

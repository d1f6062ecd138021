//! What a user is told of a result.

use crate::{console::Console, words};
use lacuna_session::{Picked, Summary, Target};
use std::path::Path;

/// A few lines; what is doubtful about the result comes first.
pub fn show(summary: &Summary, console: &Console) {
    for finding in &summary.findings {
        console.warn(&format!("{}: {}", summary.image, words::finding(finding)));
    }
    let Target { index, name, chosen, probability_before: before, probability_after: after, .. } = &summary.target;
    let why = match chosen {
        Picked::ByTheUser => "",
        Picked::MostProbable => ", the most probable class",
    };
    console.say(&format!("{}: target {index} `{name}`{why}", summary.image));
    let deleted = summary.deleted_fraction.map(|area| format!(" with {:.1} % of the image deleted", 100.0 * area));
    console.say(&match after {
        Some(after) => format!("  probability {before:.3} before, {after:.3} after{}", deleted.unwrap_or_default()),
        None => format!("  probability {before:.3}"),
    });
    if let Some(then) = summary.target.then() {
        console.say(&format!("  {then}"));
    }
    let together = match summary.batch {
        1 => String::new(),
        images => format!(" for {images} images together"),
    };
    let overlay = Path::new(&summary.folder).join("overlay.png");
    console.say(&format!(
        "  {:.1} s{together} on {}; the overlay is {}",
        summary.seconds,
        summary.device,
        overlay.display()
    ));
}

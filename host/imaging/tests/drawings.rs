//! Plots, contact sheets and outlines: their sizes, what can be seen in them, and what they refuse.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use lacuna_imaging::{Curve, ErrorKind, Image, Picture, Plot, Sheet, SheetRow, plot, sheet};

const BLUE: [u8; 3] = [0, 114, 178];
const VERMILLION: [u8; 3] = [213, 94, 0];

fn count(picture: &Picture, colour: [u8; 3]) -> usize {
    picture.rgb().iter().filter(|&&pixel| pixel == colour).count()
}

fn losses(curves: Vec<Vec<(f64, f64)>>) -> Plot {
    let curves = curves.into_iter().zip(1..).map(|(points, n)| Curve { name: format!("curve {n}"), points }).collect();
    Plot { title: "Losses".into(), x: "epoch".into(), y: "loss".into(), curves, mark: None, logarithmic: false }
}

/// Writes the picture into the folder that `LACUNA_LOOK` names, for whoever wants to see it.
fn look(name: &str, picture: &Picture) {
    if let Some(folder) = std::env::var_os("LACUNA_LOOK") {
        picture.write_png(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
    }
}

#[test]
fn a_plot_shows_every_curve_and_is_the_same_twice() {
    let falling: Vec<(f64, f64)> = (1..=100).map(f64::from).map(|x| (x, 1.0 / x)).collect();
    let mut both = losses(vec![falling.clone(), vec![(1.0, 0.5), (100.0, 0.6)]]);
    both.mark = Some((40.0, "best epoch: 40".into()));
    for logarithmic in [false, true] {
        both.logarithmic = logarithmic;
        let picture = plot(&both).unwrap();
        assert_eq!((picture.height(), picture.width()), (560, 900));
        assert_eq!(picture, plot(&both).unwrap());
        let legend_only = plot(&losses(vec![vec![], vec![]])).unwrap();
        for colour in [BLUE, VERMILLION] {
            assert!(count(&legend_only, colour) > 0);
            assert!(count(&picture, colour) > 200 + count(&legend_only, colour));
        }
    }
}

#[test]
fn any_numbers_can_be_plotted() {
    let (nan, infinity) = (f64::NAN, f64::INFINITY);
    let noise =
        |seed: u32| move |i: u32| (f64::from(i), f64::from(i.wrapping_mul(2_654_435_761).rotate_left(seed) % 97));
    let cases = [
        ("empty", vec![vec![]]),
        ("only-nan", vec![vec![(nan, 1.0), (1.0, nan), (infinity, 1.0), (2.0, -infinity)]]),
        ("gap", vec![vec![(1.0, 1.0), (2.0, 2.0), (3.0, nan), (4.0, 1.5), (5.0, infinity), (6.0, 2.0), (7.0, 2.5)]]),
        ("one-point", vec![vec![(3.0, 0.7)]]),
        ("constant", vec![vec![(1.0, 0.5), (2.0, 0.5), (3.0, 0.5)], vec![(1.0, 0.5)]]),
        ("zero", vec![vec![(0.0, 0.0), (0.0, 0.0)]]),
        ("huge", vec![vec![(-1e300, 1e300), (1e300, -1e300), (f64::MAX, f64::MIN), (0.0, 5e-324)]]),
        ("tiny", vec![vec![(1e-200, 3e-7), (2e-200, 3.5e-7)]]),
        ("negative", vec![vec![(1.0, -1.0), (2.0, 0.0)]]),
        ("many", (0..14).map(|seed| (0..900).map(noise(seed)).collect()).collect()),
    ];
    for (name, curves) in cases {
        for logarithmic in [false, true] {
            let mut case = Plot { logarithmic, ..losses(curves.clone()) };
            look(&format!("{name}-{logarithmic}"), &plot(&case).unwrap());
            case.mark = Some((-7.5, "a mark ".repeat(60)));
            case.title = format!("Ärger über α → ∞\n{}", "a long title ".repeat(30));
            case.curves[0].name = "a long name ".repeat(30);
            (case.x, case.y) = ("x".repeat(900), String::new());
            look(&format!("{name}-{logarithmic}-long"), &plot(&case).unwrap());
        }
    }
}

#[test]
fn a_plot_refuses_what_cannot_be_told_apart_or_placed() {
    for curves in [0, 15] {
        let error = plot(&losses(vec![vec![(0.0, 0.0)]; curves])).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Shape, "{error}");
    }
    let marked = Plot { mark: Some((f64::NAN, "best".into())), ..losses(vec![vec![(0.0, 0.0)]]) };
    let error = plot(&marked).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NonFinite);
    assert!(error.to_string().contains("the mark `best` at NaN"), "{error}");
}

fn plain(height: usize, width: usize, colour: [u8; 3]) -> Option<Picture> {
    Some(Picture::new(height, width, vec![colour; height * width]).unwrap())
}

fn contact(columns: &[&str], tile: usize, rows: Vec<Vec<Option<Picture>>>) -> Sheet {
    let rows = rows.into_iter().zip(1..).map(|(tiles, n)| SheetRow { label: format!("row {n}"), tiles }).collect();
    Sheet { columns: columns.iter().map(|&column| column.to_owned()).collect(), rows, tile }
}

#[test]
fn a_sheet_fits_pictures_of_any_size_into_its_tiles() {
    let tiles = || vec![plain(8, 8, BLUE), plain(301, 77, VERMILLION), None];
    let mut without_text = contact(&["", "", ""], 64, vec![tiles(), tiles()]);
    without_text.rows.iter_mut().for_each(|row| row.label.clear());
    let picture = sheet(&without_text).unwrap();
    assert_eq!((picture.height(), picture.width()), (16 + 64 + 8 + 64 + 16, 16 + 3 * 64 + 2 * 8 + 16));
    assert_eq!(count(&picture, BLUE), 2 * 64 * 64);
    // 77 of 301 pixels at 64 for the longer side.
    assert_eq!(count(&picture, VERMILLION), 2 * 64 * 16);

    let with_text = contact(&["image", "a map", "insertion, several words"], 64, vec![tiles(), tiles()]);
    let larger = sheet(&with_text).unwrap();
    assert!(larger.height() > picture.height() && larger.width() > picture.width());
    assert_eq!(larger, sheet(&with_text).unwrap());
    assert_eq!(count(&larger, BLUE), 2 * 64 * 64);
    look("sheet-tiles", &larger);
    look(
        "sheet-small",
        &sheet(&contact(&["wonderful", "b"], 9, vec![vec![plain(3, 2, BLUE), plain(2, 3, BLUE)]])).unwrap(),
    );
}

#[test]
fn a_sheet_refuses_what_it_cannot_lay_out() {
    let tile = || plain(2, 2, BLUE);
    let refused = |sheet_: Sheet| sheet(&sheet_).unwrap_err();
    assert_eq!(refused(contact(&[], 8, vec![])).kind, ErrorKind::Shape);
    assert_eq!(refused(contact(&["a"], 8, vec![])).kind, ErrorKind::Shape);
    let ragged = refused(contact(&["a", "b"], 8, vec![vec![tile(), None], vec![tile()]]));
    assert!(ragged.to_string().contains("1 tiles in the row `row 2`"), "{ragged}");
    for side in [0, 4097, usize::MAX] {
        assert_eq!(refused(contact(&["a"], side, vec![vec![tile()]])).kind, ErrorKind::OutOfRange);
    }
    assert_eq!(refused(contact(&["a"], 4096, vec![vec![None]; 8])).kind, ErrorKind::OutOfRange);
}

#[test]
fn an_image_becomes_a_picture_in_its_own_colours() {
    let grey = Image::new(1, 1, 3, vec![0.0, 0.5, 7.0]).unwrap();
    assert_eq!(Picture::from_image(&grey).unwrap().rgb(), [[0; 3], [128; 3], [255; 3]]);
    let rgb = Image::new(3, 1, 2, vec![1.0, 0.0, 0.2, -1.0, f32::NAN, 1.0]).unwrap();
    assert_eq!(Picture::from_image(&rgb).unwrap().rgb(), [[255, 51, 0], [0, 0, 255]]);
    let five = Image::new(5, 1, 1, vec![0.0; 5]).unwrap();
    assert_eq!(Picture::from_image(&five).unwrap_err().kind, ErrorKind::Channels);
    for (height, width, pixels) in [(0, 0, 0), (2, 2, 3), (usize::MAX, 2, 4)] {
        assert_eq!(Picture::new(height, width, vec![[0; 3]; pixels]).unwrap_err().kind, ErrorKind::Shape);
    }
}

#[test]
fn an_outline_is_the_masks_inner_edge() {
    let black = plain(5, 5, [0; 3]).unwrap();
    let mask: Vec<bool> = (0..25).map(|i| (1..4).contains(&(i / 5)) && (1..4).contains(&(i % 5))).collect();
    let outlined = black.clone().with_outline(&mask, BLUE).unwrap();
    assert_eq!(count(&outlined, BLUE), 8);
    assert_eq!(outlined.rgb()[12], [0; 3]);
    assert_eq!(count(&outlined.enlarge(3), BLUE), 8 * 9);
    assert_eq!(black.clone().with_outline(&[true; 25], BLUE).unwrap(), black);
    assert_eq!(black.clone().with_outline(&mask[1..], BLUE).unwrap_err().kind, ErrorKind::Shape);
    let fitted = outlined.fit(3).unwrap();
    assert_eq!((fitted.height(), fitted.width()), (3, 3));
    assert_eq!(outlined.fit(0).unwrap_err().kind, ErrorKind::OutOfRange);
}

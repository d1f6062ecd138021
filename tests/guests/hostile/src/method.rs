//! A method that optimises a mask, or misbehaves as its parameter `misbehaviour` says.

use hostile::{endless_loop, memory_bomb, recursion};

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "method-plugin" });

use exports::lacuna::explain::{
    description::{self, ChoiceOptions, Kind, Need, Parameter, PluginInfo},
    methods::{self, Explanation, Request, Role},
};
use lacuna::explain::{
    autodiff,
    classifiers::{ReluRule, Score},
    errors::{Error, ExhaustedLimit},
    findings::Finding,
    log,
    optimisers::Adam,
    parameters::{Setting, Value},
    perturbations,
    progress::{self, Term},
    remedies::{Choice, Remedy},
    tensors::Tensor,
};

const MISBEHAVIOURS: [&str; 68] = [
    "none",
    "endless-loop",
    "memory-bomb",
    "handle-bomb",
    "tensor-bomb",
    "huge-tensor",
    "broadcast-bomb",
    "matrix-bomb",
    "resize-bomb",
    "graph-bomb",
    "gradient-bomb",
    "abandoned-graph",
    "abandoned-branch",
    "abandoned-network",
    "abandoned-refusal",
    "untracked-loop",
    "many-images",
    "many-tracked-images",
    "long-product",
    "tracked-views",
    "gradient-views",
    "place-bomb",
    "repeated-factor",
    "variation-bomb",
    "matrix-hoard",
    "deep-graph",
    "deep-beside",
    "optimiser-bomb",
    "view-bomb",
    "batched-matrix-bomb",
    "narrow-resize-bomb",
    "long-axes",
    "name-bomb",
    "report-past-the-end",
    "nan-extra",
    "wild-mask",
    "shared-extra",
    "short-mask",
    "two-masks",
    "same-names",
    "path-extra",
    "many-extras",
    "finding-beyond",
    "finding-empty",
    "finding-wild-code",
    "finding-flood",
    "finding-lies",
    "heavy-extras",
    "wrong-mask",
    "wrong-map",
    "nan-map",
    "nan-mask",
    "nan-images-late",
    "trap",
    "recursion",
    "ignore-cancel",
    "deaf",
    "read",
    "swallow",
    "talk",
    "report-forever",
    "refuse",
    "bad-setting",
    "bad-arguments",
    "invented-limit",
    "long-list",
    "many-masks",
    "many-tracked-masks",
];

struct Hostile;

impl description::Guest for Hostile {
    fn describe() -> PluginInfo {
        let options = MISBEHAVIOURS.map(String::from).to_vec();
        PluginInfo {
            name: "hostile".into(),
            version: "0.1.0".into(),
            summary: "Misbehaves".into(),
            needs: vec![Need::Gradients, Need::Readback],
            parameters: vec![Parameter {
                name: "misbehaviour".into(),
                summary: "What it does".into(),
                kind: Kind::Choice(ChoiceOptions { default: "none".into(), options }),
                unit: String::new(),
                source: String::new(),
            }],
            presets: vec![],
        }
    }
}

impl methods::Guest for Hostile {
    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let shape = request.images.shape();
        let mask_shape = [shape[0], 1, shape[2], shape[3]];
        match misbehaviour(&request.settings) {
            "none" => return optimise(&request),
            "endless-loop" => endless_loop(),
            "memory-bomb" => memory_bomb(),
            "handle-bomb" => hoard(|| Tensor::full(&[1], 1.0))?,
            "tensor-bomb" => hoard(|| Tensor::full(&[1 << 20], 1.0))?,
            "invented-limit" => {
                let limit = "device-memory".to_owned();
                return Err(Error::Limit(ExhaustedLimit { limit, allowed: 1, requested: u64::MAX }));
            }
            "long-list" => drop(request.images.sum(&vec![0; 1 << 20])?),
            "many-masks" => {
                let perturbation = perturbations::create(request.images, &[], 0)?;
                for _ in 0..4000 {
                    perturbation.apply(&Tensor::full(&mask_shape, 0.5)?)?;
                }
            }
            // A step after the other without a backward pass.
            "many-tracked-masks" => {
                let perturbation = perturbations::create(request.images, &[], 0)?;
                for _ in 0..4000 {
                    perturbation.apply(&autodiff::track(&Tensor::full(&mask_shape, 0.5)?)?)?;
                }
            }
            "huge-tensor" => drop(Tensor::full(&[u32::MAX, u32::MAX, u32::MAX], 1.0)?),
            "broadcast-bomb" => {
                let (row, column) = (Tensor::full(&[1, 1 << 18], 1.0)?, Tensor::full(&[1 << 18, 1], 1.0)?);
                row.add(&column)?;
            }
            "matrix-bomb" => {
                let (row, column) = (Tensor::full(&[1, 1 << 18], 1.0)?, Tensor::full(&[1 << 18, 1], 1.0)?);
                column.matrix_multiply(&row)?;
            }
            "resize-bomb" => {
                drop(request.images.resize(&[1 << 30, 1 << 30], lacuna::explain::tensors::Interpolation::Nearest)?)
            }
            // One live handle at a time, whose graph keeps every earlier result.
            "graph-bomb" => {
                let mut x = autodiff::track(&Tensor::full(&[1 << 18], 0.5)?)?;
                loop {
                    x = x.sigmoid()?;
                }
            }
            "gradient-bomb" => {
                let leaf = autodiff::track(&Tensor::full(&[1 << 18], 0.5)?)?;
                let mut hoard = Vec::new();
                loop {
                    hoard.push(autodiff::backward(&leaf.sum(&[])?)?);
                }
            }
            // Graphs that no backward pass goes through: 16 GiB of them, 32 MiB at a time.
            "abandoned-graph" => {
                for _ in 0..500 {
                    let x = autodiff::track(&Tensor::full(&[1 << 22], 0.5)?)?;
                    x.multiply(&x)?;
                }
            }
            // The same behind a backward pass: of its leaf, and of one of its results.
            "abandoned-branch" => {
                let leaf = autodiff::track(&Tensor::full(&[1 << 22], 0.5)?)?;
                let result = leaf.sigmoid()?;
                autodiff::backward(&result.sum(&[])?)?;
                for _ in 0..250 {
                    leaf.multiply(&leaf)?.sigmoid()?;
                    result.multiply(&result)?.sigmoid()?;
                }
            }
            "abandoned-network" => {
                for _ in 0..100 {
                    let images = autodiff::track(request.images)?;
                    request.classifier.logits(&images, ReluRule::Plain)?;
                }
            }
            // A result that there is no room for is made first.
            "abandoned-refusal" => {
                let x = autodiff::track(&Tensor::full(&[3 << 23], 0.5)?)?;
                let _y = x.sigmoid()?;
                for _ in 0..200 {
                    if x.exponential().is_ok() {
                        log::message(log::Level::Warning, "a result that there was no room for was made");
                    }
                }
            }
            "untracked-loop" => {
                let x = Tensor::full(&[1], 1.0)?;
                for _ in 0..300_000 {
                    x.affine(2.0, 0.0)?;
                }
            }
            // As one batch, the steps in between would take 700 MiB.
            "many-images" => {
                let images = Tensor::full(&[2000, shape[1], shape[2], shape[3]], 0.5)?;
                let logits = request.classifier.logits(&images, ReluRule::Plain)?;
                let classes = logits.shape()[1];
                let one = request.classifier.logits(&images.slice(0, 0, 1)?, ReluRule::Plain)?;
                let difference = logits.subtract(&one)?.absolute()?.sum(&[])?.read()?;
                log::message(log::Level::Info, &format!("{classes} classes, {} apart", difference[0]));
            }
            "many-tracked-images" => {
                let images = autodiff::track(&Tensor::full(&[1000, shape[1], shape[2], shape[3]], 0.5)?)?;
                request.classifier.logits(&images, ReluRule::Plain)?;
            }
            // 10^12 multiplications in one call.
            "long-product" => {
                let x = Tensor::full(&[8192, 8192], 0.5)?;
                x.matrix_multiply(&x)?;
            }
            // One number of each 16 MiB, by ways on which it was tracked.
            "tracked-views" => {
                let mut hoard = Vec::new();
                for _ in 0..150 {
                    let part = || autodiff::track(&Tensor::full(&[1 << 22], 0.5)?)?.slice(0, 0, 1);
                    hoard.push(autodiff::detach(&part()?)?);
                    hoard.push(autodiff::track(&part()?)?);
                    let spent = part()?;
                    autodiff::backward(&spent)?;
                    hoard.push(spent);
                }
            }
            // The gradient of one number of a concatenation is a part of the whole gradient.
            "gradient-views" => {
                let (one, rest) = (Tensor::full(&[1], 0.5)?, Tensor::full(&[(1 << 21) - 1], 0.5)?);
                let mut hoard = Vec::new();
                for _ in 0..300 {
                    let leaf = autodiff::track(&one)?;
                    let whole = Tensor::concatenate(&[&leaf, &rest], 0)?;
                    hoard.push(autodiff::backward(&whole.power(2.0)?.sum(&[])?)?.of_leaf(&leaf)?);
                }
            }
            "place-bomb" => {
                let layer = request.classifier.info().cam_layer.unwrap();
                request.classifier.place(&layer, &Tensor::full(&[1, 40_000, 12, 12], 0.5)?)?;
            }
            // The gradient of the factor that is repeated is made 2000 times before it is summed.
            "repeated-factor" => {
                let matrix = autodiff::track(&Tensor::full(&[1, 1024, 1024], 0.5)?)?;
                let product = matrix.matrix_multiply(&Tensor::full(&[2000, 1024, 1], 0.5)?)?;
                autodiff::backward(&product.sum(&[])?)?;
            }
            "variation-bomb" => {
                let x = autodiff::track(&Tensor::full(&[1, 1, 2048, 2048], 0.5)?)?;
                let mut hoard = Vec::new();
                loop {
                    hoard.push(x.total_variation(1.5)?);
                }
            }
            // Each has another matrix of 64 MiB, which its gradient needs.
            "matrix-hoard" => {
                let x = autodiff::track(&Tensor::full(&[1, 1, 1, 4096], 0.5)?)?;
                let mut hoard = Vec::new();
                for number in 0.. {
                    hoard.push(x.gaussian_blur(&[1.0 + number as f32 / 10.0])?);
                }
            }
            "deep-graph" => {
                let mut x = autodiff::track(&Tensor::full(&[1], 0.5)?)?;
                loop {
                    x = x.affine(1.0, 0.0)?;
                }
            }
            // A backward pass through a small graph looks through the deep one beside it.
            "deep-beside" => {
                let leaf = autodiff::track(&Tensor::full(&[1], 0.5)?)?;
                let mut x = leaf.affine(1.0, 0.0)?;
                for _ in 0..5_000 {
                    x = x.affine(1.0, 0.0)?;
                }
                autodiff::backward(&leaf.sum(&[])?)?;
                autodiff::backward(&x.sum(&[])?)?;
            }
            // A first step that is refused must not settle what the moments cost.
            "optimiser-bomb" => {
                let big = Tensor::full(&[1 << 22], 0.5)?;
                let mut hoard = Vec::new();
                loop {
                    let adam = Adam::create(0.1, 0.9, 0.999, 1e-8)?;
                    if adam.step(&Tensor::full(&[1], 0.5)?, &Tensor::full(&[2], 0.5)?).is_ok() {
                        log::message(log::Level::Warning, "a step of two shapes was taken");
                    }
                    drop(adam.step(&big, &big)?);
                    hoard.push(adam);
                }
            }
            // Each keeps one number of 16 MiB.
            "view-bomb" => {
                let mut hoard = Vec::new();
                for _ in 0..400 {
                    let part = Tensor::full(&[1 << 11, 1 << 11], 0.5)?.slice(0, 0, 1)?.slice(1, 0, 1)?;
                    hoard.push(part.permute(&[1, 0])?.share()?);
                }
            }
            "batched-matrix-bomb" => {
                drop(Tensor::full(&[1, 4096, 1], 1.0)?.matrix_multiply(&Tensor::full(&[4096, 1, 60], 1.0)?)?)
            }
            // The result is small, and what lies between is not.
            "narrow-resize-bomb" => {
                let column = Tensor::full(&[1, 1, 30_000, 1], 0.5)?;
                drop(column.resize(&[1, 30_000], lacuna::explain::tensors::Interpolation::Bilinear)?)
            }
            // As matrices, these would have up to 10^12 elements.
            "long-axes" => {
                let row = Tensor::full(&[1, 1, 1, 1_000_000], 0.5)?;
                row.gaussian_blur(&[1.0])?;
                row.translate(&[1, i32::MIN])?;
                row.resize(&[1, 1_000_001], lacuna::explain::tensors::Interpolation::Bilinear)?;
                let short = Tensor::full(&[1, 1, 4096, 1], 0.5)?;
                for rows in 1..200 {
                    short.translate(&[rows, 0])?;
                }
            }
            "name-bomb" => {
                let term = Tensor::full(&[1], 1.0)?;
                for step in 0.. {
                    progress::report(step, u32::MAX, &[Term { name: format!("term {step}"), value: &term }])?;
                }
            }
            "report-past-the-end" => {
                let term = Tensor::full(&[1], 1.0)?;
                for step in 0..3000 {
                    progress::report(step, 0, &[Term { name: "term".into(), value: &term }])?;
                }
            }
            "nan-extra" => return with_extras(&mask_shape, vec![("curve", Tensor::full(&[1, 3], f32::NAN)?)]),
            "shared-extra" => return with_extras(&mask_shape, vec![("curve", Tensor::full(&[3], 0.5)?)]),
            "short-mask" => return with_extras(&mask_shape, vec![("mask", Tensor::full(&[1, 1, 2, 2], 0.5)?)]),
            "two-masks" => {
                let two = [Tensor::full(&mask_shape, 0.5)?, Tensor::full(&mask_shape, 0.5)?];
                let extra =
                    |(name, value): (&str, Tensor)| methods::Extra { name: name.into(), role: Role::Mask, value };
                let extras = ["one", "two"].into_iter().zip(two).map(extra).collect();
                return Ok(Explanation { map: Tensor::full(&mask_shape, 0.5)?, extras, findings: vec![] });
            }
            "same-names" => {
                let two = [Tensor::full(&[1, 3], 0.5)?, Tensor::full(&[1, 3], 0.5)?];
                return with_extras(&mask_shape, two.into_iter().map(|value| ("curve", value)).collect());
            }
            "path-extra" => return with_extras(&mask_shape, vec![("../curve", Tensor::full(&[1, 3], 0.5)?)]),
            "many-extras" => {
                let one = Tensor::full(&[1], 0.5)?;
                let extras = (0..101).map(|_| Ok(("curve", one.share()?))).collect::<Result<_, Error>>()?;
                return with_extras(&mask_shape, extras);
            }
            "finding-beyond" => return with_finding(&mask_shape, 1, Some(7), "beyond", "not here", "misbehaviour"),
            "finding-empty" => return with_finding(&mask_shape, 1, None, "empty", "  ", "misbehaviour"),
            "finding-wild-code" => return with_finding(&mask_shape, 1, None, "Wild\u{1b}[2J", "wild", "misbehaviour"),
            "finding-flood" => return with_finding(&mask_shape, 101, None, "flood", "again", "misbehaviour"),
            "finding-lies" => return with_finding(&mask_shape, 1, Some(0), "lie", "a lie", "no-parameter"),
            // Would be shown as -400 % deleted.
            "wild-mask" => return with_extras(&mask_shape, vec![("mask", Tensor::full(&mask_shape, 5.0)?)]),
            // One tensor, handed out a hundred times.
            "heavy-extras" => {
                let big = Tensor::full(&[1, 1 << 22], 0.5)?;
                let names: Vec<String> = (0..100).map(|number| format!("big-{number}")).collect();
                let extras =
                    names.iter().map(|name| Ok((name.as_str(), big.share()?))).collect::<Result<_, Error>>()?;
                return with_extras(&mask_shape, extras);
            }
            "wrong-mask" => {
                let phi = perturbations::create(request.images, &[], 0)?;
                drop(phi.apply(&Tensor::full(&[shape[0], 1, shape[2] + 1, shape[3]], 0.5)?)?);
            }
            "wrong-map" => {
                return explanation(Tensor::full(&[shape[0], 3, shape[2], shape[3]], 0.5)?);
            }
            "nan-map" => return explanation(Tensor::full(&mask_shape, f32::NAN)?),
            "nan-mask" => {
                let phi = perturbations::create(request.images, &[], 0)?;
                phi.apply(&Tensor::full(&mask_shape, 0.5)?)?;
                phi.apply(&Tensor::full(&mask_shape, f32::NAN)?)?;
            }
            "nan-images-late" => {
                let apply = |images: &Tensor| {
                    perturbations::create(images, &[], 0)?.apply(&Tensor::full(&mask_shape, 0.5)?).map(drop)
                };
                apply(request.images)?;
                apply(&request.images.affine(f32::NAN, 0.0)?)?;
            }
            "trap" => {
                Tensor::full(&[1], 1.0)?.add(&Tensor::full(&[1], 1.0)?)?;
                unreachable!()
            }
            "recursion" => log::message(log::Level::Info, &recursion(0).to_string()),
            // Hears that the user wants to stop, and computes on without the host.
            "ignore-cancel" => loop {
                if let Err(Error::Cancelled) = Tensor::full(&[1], 1.0) {
                    endless_loop();
                }
            },
            // Hears it and goes on calling.
            "deaf" => loop {
                let _ = Tensor::full(&[1], 1.0);
            },
            "read" => {
                let numbers = request.images.read()?;
                log::message(log::Level::Info, &format!("read {} numbers", numbers.len()));
            }
            // Whatever the perturbation does, this method says that all is well.
            "swallow" => {
                let mask = Tensor::full(&mask_shape, 0.5)?;
                if let Ok(phi) = perturbations::create(request.images, &[], 0) {
                    let _ = phi.apply(&mask);
                    let _ = phi.apply(&mask);
                }
                return explanation(mask);
            }
            "talk" => {
                for number in 0..5000 {
                    log::message(log::Level::Warning, &format!("\u{1b}[2J{number}{}", "!".repeat(10_000)));
                }
            }
            "report-forever" => {
                let term = Tensor::full(&[1], 1.0)?;
                for step in 0.. {
                    progress::report(step, u32::MAX, &[Term { name: "term".into(), value: &term }])?;
                }
            }
            "refuse" => {
                let argument = lacuna::explain::errors::InvalidArgument {
                    operation: "hostile.explain".into(),
                    argument: "images".into(),
                    expected: "something else".into(),
                    found: "these".into(),
                };
                return Err(Error::Argument(argument));
            }
            "bad-setting" => {
                let setting = Setting { name: "nonsense".into(), value: Value::Flag(true) };
                perturbations::create(request.images, &[setting], 0)?;
            }
            "bad-arguments" => bad_arguments(&request)?,
            other => unreachable!("{other}"),
        }
        explanation(Tensor::full(&mask_shape, 0.5)?)
    }
}

fn misbehaviour(settings: &[Setting]) -> &str {
    match &settings[0].value {
        Value::Choice(choice) => choice,
        _ => unreachable!(),
    }
}

/// A small mask optimisation, as an honest method does it.
fn optimise(request: &Request<'_>) -> Result<Explanation, Error> {
    const STEPS: u32 = 10;
    let shape = request.images.shape();
    let phi = perturbations::create(request.images, &[], request.seed)?;
    let adam = Adam::create(0.1, 0.9, 0.999, 1e-8)?;
    let mut mask = Tensor::full(&[shape[0], 1, shape[2], shape[3]], 0.5)?;
    for step in 1..=STEPS {
        let leaf = autodiff::track(&mask)?;
        let logits = request.classifier.logits(&phi.apply(&leaf)?, ReluRule::Plain)?;
        let score = request.classifier.scores(&logits, &request.targets, Score::Probability)?.sum(&[])?;
        let area = leaf.affine(-1.0, 1.0)?.mean(&[])?;
        let loss = score.add(&area.reshape(&[1])?)?;
        progress::report(step, STEPS, &[term("score", &score), term("area", &area)])?;
        let gradient = autodiff::backward(&loss)?.of_leaf(&leaf)?;
        mask = adam.step(&leaf, &gradient)?.clamp(0.0, 1.0)?;
    }
    explanation(mask.affine(-1.0, 1.0)?)
}

fn term<'a>(name: &str, value: &'a Tensor) -> Term<'a> {
    Term { name: name.into(), value }
}

fn hoard(mut make: impl FnMut() -> Result<Tensor, Error>) -> Result<(), Error> {
    let mut hoard = Vec::new();
    loop {
        hoard.push(make()?);
    }
}

/// Arguments that make no sense: each has to come back as an error, not as a trap.
fn bad_arguments(request: &Request<'_>) -> Result<(), Error> {
    let x = Tensor::full(&[2, 3], 1.0)?;
    let refused = [
        Tensor::full(&[], 1.0),
        Tensor::full(&[0, 3], 1.0),
        Tensor::full(&[1; 9], 1.0),
        Tensor::from_data(&[2, 2], &[1.0]),
        Tensor::concatenate(&[], 0),
        Tensor::concatenate(&[&x], 7),
        x.add(&Tensor::full(&[4, 5], 1.0)?),
        x.sum(&[9]),
        x.softmax(2),
        x.max_along(u32::MAX),
        x.matrix_multiply(&x),
        x.reshape(&[5]),
        x.permute(&[0, 0]),
        x.permute(&[1]),
        x.slice(0, 1, 1),
        x.slice(0, 2, 1),
        x.slice(0, 0, u32::MAX),
        x.flip(3),
        x.resize(&[4, 4], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.resize(&[0, 4], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.resize(&[4], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.resize(&[4, 4, 4, 4], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.resize(&[], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.resize(&vec![1; 1 << 20], lacuna::explain::tensors::Interpolation::Bilinear),
        request.images.gaussian_blur(&[-1.0]),
        request.images.gaussian_blur(&[f32::NAN]),
        request.images.gaussian_blur(&[]),
        request.images.gaussian_blur(&vec![1.0; 1 << 20]),
        request.images.translate(&[1]),
        request.images.translate(&vec![1; 1 << 20]),
        x.total_variation(3.0),
        x.power(f32::INFINITY),
        x.power(1e30),
        x.power(f32::NAN),
        x.permute(&vec![0; 1 << 20]),
        x.reshape(&vec![1; 1 << 20]),
        Tensor::uniform(&[2], -3e38, 3e38, 1),
        x.blend(&x, &x),
        request.classifier.logits(&x, ReluRule::Plain),
        request.classifier.scores(&x, &[0], Score::Logit),
        request.classifier.activations(request.images, "no such layer"),
        request.classifier.logits_from("no such layer", &x),
    ];
    for (number, result) in refused.iter().enumerate() {
        if result.is_ok() {
            log::message(log::Level::Warning, &format!("argument {number} was taken"));
        }
    }
    if autodiff::backward(&x).is_ok() || autodiff::backward(&x.sum(&[])?).is_ok() {
        log::message(log::Level::Warning, "backward was taken");
    }
    Ok(())
}

fn with_extras(shape: &[u32], extras: Vec<(&str, Tensor)>) -> Result<Explanation, Error> {
    let role = |name: &str| if name == "mask" { Role::Mask } else { Role::Other };
    let extra = |(name, value): (&str, Tensor)| methods::Extra { name: name.into(), role: role(name), value };
    let extras = extras.into_iter().map(extra).collect();
    Ok(Explanation { map: Tensor::full(shape, 0.5)?, extras, findings: vec![] })
}

fn with_finding(
    shape: &[u32],
    count: usize,
    image: Option<u32>,
    code: &str,
    text: &str,
    parameter: &str,
) -> Result<Explanation, Error> {
    let remedies = vec![
        Remedy::Set(Setting { name: parameter.into(), value: Value::Choice("none".into()) }),
        Remedy::Choose(Choice::Perturbation),
    ];
    let finding = Finding { image, code: code.into(), text: text.into(), remedies };
    Ok(Explanation { map: Tensor::full(shape, 0.5)?, extras: vec![], findings: vec![finding; count] })
}

fn explanation(map: Tensor) -> Result<Explanation, Error> {
    Ok(Explanation { map, extras: vec![], findings: vec![] })
}

export!(Hostile);

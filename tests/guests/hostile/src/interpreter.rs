//! A method that calls the contract at random from its seed, with arguments that lie at the edges more often than not, and keeps
//! what comes out for further calls. Refusals are taken as they come; a call that succeeds must give what it says.

wit_bindgen::generate!({ path: "../../../wit/v0.2", world: "method-plugin" });

use exports::lacuna::explain::{
    description::{self, IntegerRange, Kind, Need, Parameter, PluginInfo},
    methods::{self, Explanation, Request},
};
use lacuna::explain::{
    autodiff::{self, Gradients},
    classifiers::{ReluRule, Score},
    errors::Error,
    generators::{self, Generator},
    log,
    optimisers::Adam,
    parameters::Value,
    perturbations::{self, Perturbation},
    progress::{self, Term},
    tensors::{Interpolation, Tensor},
};

struct Interpreter;

export!(Interpreter);

/// Live tensors; a further one takes the place of another.
const KEPT: usize = 24;

impl description::Guest for Interpreter {
    fn describe() -> PluginInfo {
        PluginInfo {
            name: "interpreter".into(),
            version: "0.1.0".into(),
            summary: "Random calls".into(),
            needs: vec![Need::Gradients, Need::Readback, Need::Activations, Need::Generator],
            parameters: vec![Parameter {
                name: "calls".into(),
                summary: "How many".into(),
                kind: Kind::Integer(IntegerRange { default: 1000, minimum: 1, maximum: 1_000_000_000 }),
                unit: String::new(),
                source: String::new(),
            }],
            presets: vec![],
        }
    }
}

impl methods::Guest for Interpreter {
    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let calls = match request.settings.iter().find(|setting| setting.name == "calls").map(|setting| &setting.value)
        {
            Some(Value::Integer(calls)) => *calls,
            _ => 1000,
        };
        let shape = request.images.shape();
        let generator = generators::chosen()?;
        let mut run = Run {
            random: request.seed,
            request: &request,
            generator: &generator,
            kept: Vec::new(),
            others: Others::default(),
        };
        let mut done = 0;
        for _ in 0..calls {
            match run.call() {
                Ok(()) => done += 1,
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(_) => {}
            }
        }
        log::message(log::Level::Info, &format!("{done} of {calls} calls succeeded"));
        // Room for the map, whatever is held.
        run.kept.clear();
        run.others = Others::default();
        Ok(Explanation {
            map: Tensor::full(&[&[shape[0], 1], &shape[2..]].concat(), 0.5)?,
            extras: vec![],
            findings: vec![],
        })
    }
}

/// What is kept beside tensors, the last of each kind.
#[derive(Default)]
struct Others {
    gradients: Option<Gradients>,
    adam: Option<Adam>,
    perturbation: Option<Perturbation>,
}

struct Run<'a> {
    random: u64,
    request: &'a Request<'a>,
    generator: &'a Generator,
    kept: Vec<Tensor>,
    others: Others,
}

impl Run<'_> {
    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn next(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// A size: small as a rule, now and then at an edge.
    fn size(&mut self) -> u32 {
        match self.below(20) {
            0 => self.one_of(&[0, 255, 256, 4095, 4096, 65_535, 65_536, 1 << 20, 1 << 24, 1 << 30, 1 << 31, u32::MAX]),
            1..=3 => self.one_of(&[16, 17, 31, 32, 33, 64]),
            _ => self.one_of(&[1, 1, 1, 2, 3, 4, 5, 7, 8, 12]),
        }
    }

    fn sizes(&mut self, least: usize, most: usize) -> Vec<u32> {
        let count = match self.below(25) {
            0 => self.below(9),
            _ => least + self.below(most - least + 1),
        };
        (0..count).map(|_| self.size()).collect()
    }

    fn number(&mut self) -> f32 {
        match self.below(6) {
            0 => self.one_of(&[
                f32::NAN,
                f32::INFINITY,
                f32::NEG_INFINITY,
                f32::MAX,
                f32::MIN,
                1e-45,
                -1e-45,
                -0.0,
                1e30,
            ]),
            1 => self.one_of(&[0.0, 1.0, -1.0, 0.5, 2.0, 1e-8, 100.0, 4096.0]),
            _ => (self.next() % 20_001) as f32 / 1000.0 - 10.0,
        }
    }

    fn dimension(&mut self) -> u32 {
        match self.below(12) {
            0 => self.one_of(&[5, 6, 7, 8, 31, 32, 64, u32::MAX]),
            _ => self.below(5) as u32,
        }
    }

    fn dimensions(&mut self) -> Vec<u32> {
        (0..self.below(5)).map(|_| self.dimension()).collect()
    }

    /// The shape of a kept tensor as a rule, so that two fit together.
    fn shape(&mut self) -> Vec<u32> {
        match (self.below(3), self.kept.len()) {
            (0, kept) if kept > 0 => {
                let at = self.below(kept);
                self.kept[at].shape()
            }
            _ => self.sizes(1, 5),
        }
    }

    /// One of those that are kept, or the images.
    fn tensor(&mut self) -> &Tensor {
        let at = self.below(self.kept.len() + 1);
        self.kept.get(at).unwrap_or(self.request.images)
    }

    fn keep(&mut self, tensor: Tensor) {
        tensor.shape();
        if self.kept.len() < KEPT {
            self.kept.push(tensor);
        } else {
            let at = self.below(KEPT);
            self.kept[at] = tensor;
        }
    }

    /// Two tensors and what `with` makes of them.
    fn pair(&mut self, with: impl FnOnce(&Tensor, &Tensor) -> Result<Tensor, Error>) -> Result<Tensor, Error> {
        let all = self.kept.len() + 1;
        let [one, other] =
            [self.below(all), self.below(all)].map(|at| self.kept.get(at).unwrap_or(self.request.images));
        with(one, other)
    }

    fn call(&mut self) -> Result<(), Error> {
        let made = match self.below(49) {
            0..=2 => Tensor::full(&self.shape(), self.number())?,
            3 => {
                let shape = self.shape();
                let whole = shape.iter().try_fold(1_u32, |product, size| product.checked_mul(*size));
                let length = match (self.below(10), whole) {
                    (1.., Some(whole @ 0..=65_536)) => whole as usize,
                    _ => self.below(4000),
                };
                let data: Vec<f32> = (0..length).map(|_| self.number()).collect();
                Tensor::from_data(&shape, &data)?
            }
            4 => Tensor::uniform(&self.shape(), self.number(), self.number(), self.next())?,
            5 => Tensor::normal(&self.shape(), self.number(), self.number(), self.next())?,
            6 => {
                let (count, dimension) = (self.below(4), self.dimension());
                let chosen: Vec<usize> = (0..count).map(|_| self.below(self.kept.len() + 1)).collect();
                let parts: Vec<&Tensor> =
                    chosen.iter().map(|at| self.kept.get(*at).unwrap_or(self.request.images)).collect();
                Tensor::concatenate(&parts, dimension)?
            }
            7 => return self.tensor().read().map(drop),
            8 => self.tensor().share()?,
            9 => self.pair(|a, b| a.add(b))?,
            10 => self.pair(|a, b| a.subtract(b))?,
            11 => self.pair(|a, b| a.multiply(b))?,
            12 => self.pair(|a, b| a.divide(b))?,
            13 => self.pair(|a, b| a.minimum(b))?,
            14 => self.pair(|a, b| a.maximum(b))?,
            15 => self.pair(|a, b| a.greater(b))?,
            16 => {
                let (scale, offset) = (self.number(), self.number());
                self.tensor().affine(scale, offset)?
            }
            17 => {
                let (low, high) = (self.number(), self.number());
                self.tensor().clamp(low, high)?
            }
            18 => {
                let exponent = self.number();
                self.tensor().power(exponent)?
            }
            19 => self.tensor().absolute()?,
            20 => self.tensor().exponential()?,
            21 => self.tensor().logarithm()?,
            22 => self.tensor().square_root()?,
            23 => self.tensor().sigmoid()?,
            24 => self.tensor().relu()?,
            25 => {
                let dimensions = self.dimensions();
                self.tensor().sum(&dimensions)?
            }
            26 => {
                let dimensions = self.dimensions();
                self.tensor().mean(&dimensions)?
            }
            27 => {
                let dimension = self.dimension();
                self.tensor().max_along(dimension)?
            }
            28 => {
                let dimension = self.dimension();
                self.tensor().softmax(dimension)?
            }
            29 => self.pair(|a, b| a.matrix_multiply(b))?,
            30 => {
                let shape = self.shape();
                self.tensor().reshape(&shape)?
            }
            31 => {
                let order = match self.below(3) {
                    0 => self.dimensions(),
                    1 => vec![3, 2, 1, 0],
                    _ => vec![1, 0],
                };
                self.tensor().permute(&order)?
            }
            32 => {
                let (dimension, start, end) = (self.dimension(), self.size().saturating_sub(1), self.size());
                self.tensor().slice(dimension, start, end)?
            }
            33 => {
                let dimension = self.dimension();
                self.tensor().flip(dimension)?
            }
            34 => {
                let sizes = self.sizes(2, 3);
                let how = self.one_of(&[Interpolation::Nearest, Interpolation::Bilinear]);
                self.tensor().resize(&sizes, how)?
            }
            35 => {
                let sigmas: Vec<f32> = (0..2 + self.below(2)).map(|_| self.number()).collect();
                self.tensor().gaussian_blur(&sigmas)?
            }
            36 => {
                let edge = |run: &mut Self| match run.below(6) {
                    0 => run.one_of(&[i32::MIN, i32::MAX, -1 << 20, 1 << 20]),
                    _ => run.below(9) as i32 - 4,
                };
                let offsets: Vec<i32> = (0..2 + self.below(2)).map(|_| edge(self)).collect();
                self.tensor().translate(&offsets)?
            }
            37 => {
                let all = self.kept.len() + 1;
                let [a, b, c] = [(); 3].map(|()| self.below(all));
                let of = |at: usize| self.kept.get(at).unwrap_or(self.request.images);
                of(a).blend(of(b), of(c))?
            }
            38 => {
                let beta = self.number();
                self.tensor().total_variation(beta)?
            }
            39 | 40 => autodiff::track(self.tensor())?,
            41 => autodiff::detach(self.tensor())?,
            42 => {
                let scalar = self.tensor().sum(&[])?;
                self.others.gradients = Some(autodiff::backward(&scalar)?);
                return Ok(());
            }
            43 => match self.others.gradients.take() {
                None => return Ok(()),
                Some(gradients) => {
                    let found = gradients.of_leaf(self.tensor());
                    self.others.gradients = Some(gradients);
                    found?
                }
            },
            44 => {
                let adam = match (self.others.adam.take(), self.below(3)) {
                    (Some(adam), 1..) => adam,
                    _ => {
                        let [rate, first, second] = [(); 3].map(|()| match self.below(4) {
                            0 => self.number(),
                            _ => 0.5,
                        });
                        Adam::create(rate, first, second, 1e-8)?
                    }
                };
                let stepped = self.pair(|parameter, gradient| adam.step(parameter, gradient));
                self.others.adam = Some(adam);
                stepped?
            }
            45 => self.classify()?,
            48 => self.generate()?,
            46 => {
                if self.others.perturbation.is_none() || self.below(4) == 0 {
                    let seed = self.next();
                    // Rarely anything: one that makes NaN of NaN ends the run.
                    let images = if self.below(200) == 0 { self.tensor() } else { self.request.images };
                    self.others.perturbation = Some(perturbations::create(images, &[], seed)?);
                }
                match self.others.perturbation.take() {
                    None => return Ok(()),
                    Some(perturbation) => {
                        let shape = self.request.images.shape();
                        let mask = Tensor::uniform(&[&[shape[0], 1], &shape[2..]].concat(), 0.0, 1.0, self.next())?;
                        let applied = match self.below(200) {
                            0 => perturbation.apply(self.tensor()),
                            _ => perturbation.apply(&mask),
                        };
                        self.others.perturbation = Some(perturbation);
                        applied?
                    }
                }
            }
            _ => {
                let (step, total) = (self.size(), self.size());
                let value = self.tensor().sum(&[])?;
                return progress::report(step, total, &[Term { name: "sum".into(), value: &value }]);
            }
        };
        self.keep(made);
        Ok(())
    }

    /// Something of the generator.
    fn generate(&mut self) -> Result<Tensor, Error> {
        match self.below(5) {
            0 => self.generator.reconstruct(self.request.images),
            1 => self.generator.reconstruct(self.tensor()),
            2 => self.generator.encode(self.tensor()),
            3 => self.generator.deviation(self.request.images),
            _ => {
                let sizes = self.sizes(2, 3);
                let latent = match self.below(2) {
                    0 => self.generator.encode(self.request.images)?,
                    _ => self.tensor().share()?,
                };
                self.generator.decode(&latent, &sizes)
            }
        }
    }

    /// Something of the classifier.
    fn classify(&mut self) -> Result<Tensor, Error> {
        let classifier = self.request.classifier;
        let rule = self.one_of(&[ReluRule::Plain, ReluRule::Guided, ReluRule::Deconvolution]);
        let layers = classifier.info().layers;
        let layer = match self.below(8) {
            0 => "none such".to_owned(),
            _ => layers.get(self.below(layers.len().max(1))).cloned().unwrap_or_default(),
        };
        match self.below(6) {
            0 => classifier.logits(self.tensor(), rule),
            1 => classifier.probabilities(self.tensor()),
            2 => {
                let targets: Vec<u32> = (0..self.below(4)).map(|_| self.size().saturating_sub(1)).collect();
                let score = self.one_of(&[Score::Probability, Score::Logit, Score::LogOdds]);
                classifier.scores(self.tensor(), &targets, score)
            }
            3 => classifier.activations(self.tensor(), &layer),
            4 => {
                let values = classifier.activations(self.request.images, &layer)?;
                classifier.logits_from(&layer, &values)
            }
            _ => classifier.place(&layer, self.tensor()),
        }
    }
}

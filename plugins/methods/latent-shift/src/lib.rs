//! Latent shift: how an image changes when its latent code moves against the gradient of the score (Cohen 2021).
//!
//! z = E(x), x_l = D(z - l g) with g = d f_c(D(z)) / d z; the map is max over l of |x_l - x_0|, the largest over the
//! channels too. l doubles from `first-shift` until the probability of the target has fallen to the share `fall` of
//! that of the reconstruction x_0, or rises again; then `frames` images between 0 and that l make the map.
//!
//! It differs from the authors' code: g is divided by its length, so that l is in units of z for every generator; l grows by
//! doubling, not by 1 and 10 to at most 1000; it ends at a share of the probability, not at 0.15 less of it.
//!
//! The extras are the `counterfactual` at the last l, and the `reconstruction` x_0, which is what is explained: what the
//! generator leaves out of the image, no map of this method shows. Each image has its own l.

use lacuna_plugin::{Choice, Error, Explanation, Extra, Finding, Generator, Info, Method, Need, Parameter, Refusal};
use lacuna_plugin::{Remedy, Request, Score, Tensor, export_method, log, progress};
use lacuna_toolkit::saliency::{explain_zeros, image_prefix};

const CHOSEN: &str = "chosen here";
/// The smallest increase of the probability that counts as a rise rather than as rounding.
const RISE: f32 = 0.01;

struct LatentShift;

impl Method for LatentShift {
    fn describe() -> Info {
        Info::new(
            "latent-shift",
            env!("CARGO_PKG_VERSION"),
            "What changes when the latent code moves against the score (Cohen 2021)",
        )
        .needs(Need::Gradients)
        .needs(Need::Generator)
        .needs(Need::Readback)
        .parameters([
            Score::LogOdds.parameter("chosen here: does not saturate; Cohen 2021 take the probability"),
            Parameter::number("fall", 0.5, 0.0..=1.0)
                .summary("The shift grows until the probability of the target is this share of what it was")
                .source(CHOSEN),
            Parameter::number("first-shift", 0.1, 1e-6..=1e3)
                .summary("First shift that is tried")
                .unit("length in latent space")
                .source(CHOSEN),
            Parameter::integer("doublings", 12, 0..=60)
                .summary("How often the shift doubles at most")
                .unit("times")
                .source(CHOSEN),
            Parameter::integer("frames", 10, 1..=1000)
                .summary("Images between no shift and the last, of which the map is made")
                .unit("images")
                .source("the authors' code"),
        ])
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        let Request { images, targets, classifier, settings, .. } = &request;
        let (score, fall) = (Score::from_settings(settings)?, settings.number("fall")?);
        let (doublings, frames) = (settings.count("doublings")?, settings.count("frames")?);
        let [n, channels, height, width] = images.planar_shape()?;
        let generator = Generator::chosen()?;
        let made = generator.info().channels;
        if made != channels {
            let text = format!("the generator makes images of {made} channels, the classifier takes {channels}");
            return Err(Error::Unsupported(Refusal::new(text).with(Remedy::Choose(Choice::Generator))));
        }
        let decode = |latent: &Tensor| generator.decode(latent, &[height, width]);
        let probabilities =
            |images: &Tensor| classifier.scores(&classifier.logits(images), targets, Score::Probability).read();

        let latent = generator.encode(images).detach().check()?;
        let leaf = latent.track();
        let reconstruction = decode(&leaf);
        let scores = classifier.scores(&classifier.logits(&reconstruction), targets, score);
        let gradient = scores.sum(&[]).backward().of(&leaf);
        let reconstruction = reconstruction.detach().check()?;
        // Divided by the largest number first: squares of small numbers vanish.
        let scaled = &gradient / gradient.absolute().max_along(1).clamp(1e-30, f32::MAX);
        let direction = &scaled / scaled.power(2.0).sum(&[1]).square_root().clamp(1e-30, f32::MAX);
        let moved = |shifts: &[f32]| decode(&(&latent - &direction * Tensor::from_data(&[n, 1], shifts)));

        let total = doublings + 1 + frames;
        let before = probabilities(&reconstruction)?;
        let mut shifts = vec![settings.number("first-shift")?; n as usize];
        let mut after = probabilities(&moved(&shifts))?;
        let stands = |after: &[f32]| -> Vec<bool> { after.iter().zip(&before).map(|(a, b)| *a > fall * b).collect() };
        let mut turned = vec![false; n as usize];
        for step in 0..doublings {
            progress::report(step + 1, total, &[])?;
            let grows: Vec<bool> =
                stands(&after).iter().zip(&turned).map(|(stands, turned)| *stands && !turned).collect();
            if !grows.contains(&true) {
                break;
            }
            let tried: Vec<f32> =
                shifts.iter().zip(&grows).map(|(s, grows)| if *grows { s * 2.0 } else { *s }).collect();
            let found = probabilities(&moved(&tried))?;
            for i in (0..n as usize).filter(|i| grows[*i]) {
                turned[i] = found[i] > after[i] + RISE;
                if !turned[i] {
                    (shifts[i], after[i]) = (tried[i], found[i]);
                }
            }
        }

        let mut map = Tensor::full(&[n, 1, height, width], 0.0);
        let mut counterfactual = reconstruction.clone();
        for frame in 1..=frames {
            let shifts: Vec<f32> = shifts.iter().map(|shift| shift * frame as f32 / frames as f32).collect();
            counterfactual = moved(&shifts);
            map = map.maximum(&(&counterfactual - &reconstruction).absolute().max_along(1)).check()?;
            progress::report(doublings + 1 + frame, total, &[])?;
        }
        let mut findings = explain_zeros(&request, score, &map)?;
        let (image, stands) = (probabilities(images)?, stands(&after));
        for i in 0..n as usize {
            let at = |numbers: &[f32]| numbers.get(i).copied().unwrap_or(f32::NAN);
            let (prefix, p, from, to) = (image_prefix(i, n as usize), at(&image), at(&before), at(&after));
            log::info(&format!("{prefix}shift {:.2}: probability {from:.3}, then {to:.3}", at(&shifts)));
            if from < p / 2.0 {
                let text = format!(
                    "the generator's reconstruction has lost the evidence (p = {p:.3} of the image, {from:.3} of the \
                     reconstruction): the map explains the reconstruction; a generator of healthy images alone cannot \
                     show a disease"
                );
                let another = Remedy::Choose(Choice::Generator);
                findings.push(Finding::new("lost-in-reconstruction", text).of_image(i).with(another));
            }
            if stands.get(i) == Some(&true) {
                let text = format!("the class survives the shift (p = {from:.3} before, {to:.3} after)");
                let another = Remedy::Choose(Choice::Generator);
                findings.push(match turned.get(i) {
                    Some(true) => {
                        Finding::new("surviving-class", text + "; further on it rises again").of_image(i).with(another)
                    }
                    _ => {
                        let further = Remedy::raise("doublings");
                        Finding::new("surviving-class", text).of_image(i).with(further).with(another)
                    }
                });
            }
        }
        Ok(Explanation {
            map,
            extras: vec![Extra::counterfactual(counterfactual), Extra::other("reconstruction", reconstruction)],
            findings,
        })
    }
}

export_method!(LatentShift);

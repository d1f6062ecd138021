//! The outcome of a run for one image, and the findings that it leads to: masks that explain nothing, why, and what to try.

use crate::masks::{Config, Game};
use lacuna_plugin::{Choice, Finding, Refusal, Remedy, Score};

/// The numbers that summarise the run of one image: probabilities, the gradient at the start, statistics of the last mask.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Probability of the target for the image itself.
    pub p_image: f32,
    /// Probability of the target under the first mask.
    pub p_start: f32,
    /// Probability of the target under the last mask.
    pub p_end: f32,
    /// The score that the game minimises (f_c or -f_c), under the first mask.
    pub score: f32,
    /// Largest absolute gradient of the weighted score for one mask cell, at the start.
    pub pull: f32,
    /// Smallest cell of the last mask.
    pub minimum: f32,
    /// Largest cell of the last mask.
    pub maximum: f32,
    /// Mean of the last mask's cells.
    pub mean: f32,
    /// Mean of the last mask before it was clamped: clamping may hide a NaN.
    pub unclamped: f32,
    /// Largest change of a cell since the start.
    pub moved: f32,
}

impl Outcome {
    /// The findings about this outcome. `smaller_step` is the setting that makes the method's steps smaller.
    ///
    /// # Errors
    /// The cause why there is no result: the classifier or the mask gave NaN or infinity.
    pub fn judge(&self, config: &Config, smaller_step: &Remedy) -> Result<Vec<Finding>, Refusal> {
        let mask = [self.minimum, self.maximum, self.mean, self.unclamped];
        if !self.p_image.is_finite() {
            let check = "check its weights and the intensity scaling of its manifest";
            return Err(Refusal::new("the classifier answers the image itself with NaN or infinity")
                .with(Remedy::Advice(check.to_owned())));
        }
        if ![self.p_start, self.score, self.pull, self.p_end].iter().chain(&mask).all(|x| x.is_finite()) {
            let text = "the mask or its score became NaN or infinite; likely the step is too large, or the perturbation \
                        returns such numbers";
            return Err(Refusal::new(text).with(smaller_step.clone()).with(Remedy::Choose(Choice::Perturbation)));
        }
        let findings = [self.start(config), self.shape(config), self.effect(config)];
        Ok(findings.into_iter().flatten().collect())
    }

    /// The finding about a start where the score has next to no gradient.
    fn start(&self, config: &Config) -> Option<Finding> {
        let saturated = config.score.kind == Score::Probability && !(0.01..=0.99).contains(&self.p_start);
        let floored = config.score.floor.is_some_and(|floor| self.score <= floor);
        // The area term pulls every cell the other way with its weight: a saturated score that pulls less never wins a
        // cell. Elsewhere the pull may grow as the mask moves, and only next to nothing is worth a word.
        let weak = if saturated { config.regularisers.area_weight } else { 0.01 * config.regularisers.area_weight };
        if floored || self.pull > weak.max(1e-8) {
            return None;
        }
        Some(if saturated {
            let text = format!(
                "the probability is saturated (p = {:.3}) and its gradient at the start is {:.0e}: the mask hardly \
                 moves for it",
                self.p_start, self.pull
            );
            Finding::new("saturated-probability", text).with(Remedy::option("score", "log-odds"))
        } else {
            let text = format!(
                "the score hardly depends on the mask at the start (gradient {:.0e}, area weight {:.0e})",
                self.pull, config.regularisers.area_weight
            );
            Finding::new("weak-score", text)
                .with(Remedy::Choose(Choice::Perturbation))
                .with(Remedy::raise("score-weight"))
                .with(Remedy::vary("start"))
        })
    }

    /// The finding about a last mask that is the same everywhere, or that never moved.
    fn shape(&self, config: &Config) -> Option<Finding> {
        let area_weight = config.regularisers.area_weight;
        let weak = format!(
            "the area term outweighs the score (gradient of the score at the start {:.0e}, area weight {area_weight:.0e})",
            self.pull
        );
        let weaker = |code: &str, text: String| {
            Finding::new(code, text)
                .with(Remedy::number("area-weight", rounded(area_weight / 10.0)))
                .with(stronger(config))
                .with(Remedy::Choose(Choice::Perturbation))
        };
        let larger = |code: &str, text: &str| {
            Finding::new(code, format!("{text}: the score outweighs the area term"))
                .with(Remedy::number("area-weight", rounded(area_weight * 10.0)))
        };
        if self.minimum > 0.99 {
            Some(match config.game {
                Game::Deletion => weaker(
                    "nothing-deleted",
                    format!(
                        "the mask ends all ones, nothing is deleted: either {weak} or this perturbation does not take \
                         the evidence away"
                    ),
                ),
                Game::Preservation => larger("everything-kept", "the mask ends all ones, the whole image is kept"),
            })
        } else if self.maximum < 0.01 {
            Some(match config.game {
                Game::Deletion => larger("everything-deleted", "the mask ends all zeros, the whole image is deleted"),
                Game::Preservation => weaker(
                    "nothing-kept",
                    format!(
                        "the mask ends all zeros, nothing is kept: either {weak} or the perturbed image keeps the class \
                         without it"
                    ),
                ),
            })
        } else if self.moved < 1e-3 {
            let text = format!("the mask did not move from its start (largest change {:.0e})", self.moved);
            let finding = Finding::new("unmoved-mask", text).with(stronger(config));
            Some(finding.with(Remedy::vary("start")).with(Remedy::raise("steps")))
        } else {
            None
        }
    }

    /// The finding about a last mask that does not do what the game asks for.
    fn effect(&self, config: &Config) -> Option<Finding> {
        let (before, after) = (self.p_image, self.p_end);
        if before < 0.05 {
            let text = format!(
                "the classifier gives the target p = {before:.3} before anything is deleted: there is little evidence \
                 to explain"
            );
            return Some(Finding::new("improbable-target", text).with(Remedy::Choose(Choice::Target)));
        }
        let with_advice = |code: &str, text: String| {
            Finding::new(code, text)
                .with(Remedy::raise("steps"))
                .with(Remedy::lower("area-weight"))
                .with(Remedy::Choose(Choice::Perturbation))
        };
        match config.game {
            Game::Deletion if after > before / 2.0 => {
                let text = format!("the class survives the deletion (p = {before:.3} before, {after:.3} after)");
                Some(with_advice("surviving-class", text))
            }
            Game::Preservation if after < before / 2.0 => {
                let text =
                    format!("the kept region alone does not hold the class (p = {before:.3} before, {after:.3} after)");
                Some(with_advice("lost-class", text))
            }
            Game::Deletion | Game::Preservation => None,
        }
    }
}

/// The remedy that makes the gradient of the score larger.
fn stronger(config: &Config) -> Remedy {
    match config.score.kind {
        Score::Probability => Remedy::option("score", "log-odds"),
        Score::Logit | Score::LogOdds => Remedy::raise("score-weight"),
    }
}

/// Rounds to one significant digit.
fn rounded(number: f32) -> f32 {
    format!("{number:.0e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::Outcome;
    use crate::masks::config::tests::default_config;
    use crate::masks::{Config, Game, ScoreTerm};
    use lacuna_plugin::{Choice, Finding, Remedy, Score};

    const GOOD: Outcome = Outcome {
        p_image: 0.99,
        p_start: 0.8,
        p_end: 0.02,
        score: 1.4,
        pull: 0.01,
        minimum: 0.0,
        maximum: 1.0,
        mean: 0.9,
        unclamped: 0.9,
        moved: 0.5,
    };

    fn step() -> Remedy {
        Remedy::number("learning-rate", 0.01)
    }

    fn only(numbers: Outcome, config: &Config) -> Finding {
        let mut findings = numbers.judge(config, &step()).expect("a result");
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.remove(0)
    }

    #[test]
    fn a_good_mask_has_no_findings() {
        assert_eq!(GOOD.judge(&default_config(), &step()), Ok(Vec::new()));
    }

    #[test]
    fn a_saturated_start_is_said_with_its_remedy() {
        let default = default_config();
        let score = ScoreTerm { kind: Score::Probability, floor: None, ..default.score };
        let config = Config { score, ..default };
        let finding = only(Outcome { p_start: 1.0, pull: 3e-9, ..GOOD }, &config);
        assert!(finding.text.contains("saturated (p = 1.000)") && finding.text.contains("3e-9"), "{finding:?}");
        assert_eq!(finding.remedies, [Remedy::option("score", "log-odds")]);
    }

    #[test]
    fn a_score_at_its_floor_is_not_a_fault() {
        assert_eq!(Outcome { score: -4.0, pull: 0.0, ..GOOD }.judge(&default_config(), &step()), Ok(Vec::new()));
    }

    #[test]
    fn masks_that_say_nothing_are_said() {
        let config = default_config();
        let ones = Outcome { minimum: 1.0, ..GOOD };
        let zeros = Outcome { maximum: 0.0, ..GOOD };
        assert_eq!(only(ones, &config).code, "nothing-deleted");
        assert_eq!(only(zeros, &config).code, "everything-deleted");
        assert_eq!(only(Outcome { moved: 0.0, ..GOOD }, &config).code, "unmoved-mask");
        assert_eq!(only(Outcome { p_end: 0.9, ..GOOD }, &config).code, "surviving-class");
        let improbable = only(Outcome { p_image: 0.01, ..GOOD }, &config);
        assert_eq!(improbable.remedies, [Remedy::Choose(Choice::Target)]);
        let preserve = Config { game: Game::Preservation, ..config };
        assert_eq!(only(Outcome { p_end: 0.9, ..ones }, &preserve).code, "everything-kept");
        assert_eq!(only(Outcome { p_end: 0.9, ..zeros }, &preserve).code, "nothing-kept");
        assert_eq!(only(GOOD, &preserve).code, "lost-class");
    }

    #[test]
    fn numbers_that_are_not_finite_are_no_result() {
        for broken in [
            Outcome { p_image: f32::NAN, ..GOOD },
            Outcome { unclamped: f32::INFINITY, ..GOOD },
            Outcome { pull: f32::NAN, ..GOOD },
        ] {
            let cause = broken.judge(&default_config(), &step()).expect_err("no result");
            assert_eq!(cause.remedies.contains(&step()), broken.p_image.is_finite(), "{cause:?}");
        }
    }
}

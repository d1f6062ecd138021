//! What the user should know of a result: masks that say nothing, why, and what to try.

use crate::Score;
use crate::masks::{Config, Game};

/// What is known of one image.
#[derive(Clone, Copy, Debug)]
pub struct Numbers {
    /// Probability of the target: of the image, under the first mask, under the last.
    pub p_image: f32,
    pub p_start: f32,
    pub p_end: f32,
    /// What the game makes small, under the first mask.
    pub score: f32,
    /// Largest absolute gradient of the weighted score for one mask cell, at the start.
    pub pull: f32,
    /// Of the last mask.
    pub minimum: f32,
    pub maximum: f32,
    pub mean: f32,
    /// Mean of the last mask before it was clamped: clamping may hide a NaN.
    pub unclamped: f32,
    /// Largest change of a cell since the start.
    pub moved: f32,
}

impl Numbers {
    /// Findings, or the cause why there is no result. `smaller_step` is the setting that makes the
    /// method's steps smaller.
    pub fn judge(&self, config: &Config, smaller_step: &str) -> Result<Vec<String>, String> {
        let mask = [self.minimum, self.maximum, self.mean, self.unclamped];
        if !self.p_image.is_finite() {
            return Err("the classifier answers the image itself with NaN or infinity: check its \
                        weights and the intensity scaling of its manifest"
                .into());
        }
        if ![self.p_start, self.score, self.pull, self.p_end].iter().chain(&mask).all(|x| x.is_finite()) {
            return Err(format!(
                "the mask or its score became NaN or infinite; likely the step is too large \
                 (try {smaller_step}) or the perturbation returns such numbers (try another \
                 --perturbation)"
            ));
        }
        let findings = [self.start(config), self.shape(config), self.effect(config)];
        Ok(findings.into_iter().flatten().collect())
    }

    /// A start from which the score does not pull.
    fn start(&self, config: &Config) -> Option<String> {
        let saturated = config.score.kind == Score::Probability && !(0.01..=0.99).contains(&self.p_start);
        let floored = config.score.floor.is_some_and(|floor| self.score <= floor);
        // The area term pulls every cell the other way with its weight: a saturated score that pulls less never wins a
        // cell. Elsewhere the pull may grow as the mask moves, and only next to nothing is worth a word.
        let weak = if saturated { config.regularisers.area_weight } else { 0.01 * config.regularisers.area_weight };
        if floored || self.pull > weak.max(1e-8) {
            return None;
        }
        Some(if saturated {
            format!(
                "the probability is saturated (p = {:.3}) and its gradient at the start is \
                 {:.0e}: the mask hardly moves for it; use --param score=log-odds",
                self.p_start, self.pull
            )
        } else {
            format!(
                "the score hardly depends on the mask at the start (gradient {:.0e}, area \
                 weight {:.0e}): try another --perturbation, a higher --param score-weight or \
                 another --param start",
                self.pull, config.regularisers.area_weight
            )
        })
    }

    /// A mask that is the same everywhere, or that never moved.
    fn shape(&self, config: &Config) -> Option<String> {
        let (less, more) = (config.regularisers.area_weight / 10.0, config.regularisers.area_weight * 10.0);
        let weak = format!(
            "either the area term outweighs the score (gradient of the score at the start \
             {:.0e}, area weight {:.0e}; try --param area-weight={less:.0e} or {})",
            self.pull,
            config.regularisers.area_weight,
            stronger(config)
        );
        let strong = format!("the score outweighs the area term: try --param area-weight={more:.0e}");
        if self.minimum > 0.99 {
            Some(match config.game {
                Game::Deletion => format!(
                    "the mask ends all ones, nothing is deleted: {weak} or this perturbation \
                     does not take the evidence away (try another --perturbation)"
                ),
                Game::Preservation => {
                    format!("the mask ends all ones, the whole image is kept: {strong}")
                }
            })
        } else if self.maximum < 0.01 {
            Some(match config.game {
                Game::Deletion => {
                    format!("the mask ends all zeros, the whole image is deleted: {strong}")
                }
                Game::Preservation => format!(
                    "the mask ends all zeros, nothing is kept: {weak} or the perturbed image \
                     keeps the class without it (try another --perturbation)"
                ),
            })
        } else if self.moved < 1e-3 {
            Some(format!(
                "the mask did not move from its start (largest change {:.0e}): try {}, another \
                 --param start or more --param steps",
                self.moved,
                stronger(config)
            ))
        } else {
            None
        }
    }

    /// A mask that does not do what the game asks for.
    fn effect(&self, config: &Config) -> Option<String> {
        let (before, after) = (self.p_image, self.p_end);
        if before < 0.05 {
            return Some(format!(
                "the classifier gives the target p = {before:.3} before anything is deleted: \
                 there is little evidence to explain; check --target"
            ));
        }
        let advice = "try more --param steps, a lower --param area-weight or another --perturbation";
        match config.game {
            Game::Deletion if after > before / 2.0 => Some(format!(
                "the class survives the deletion (p = {before:.3} before, {after:.3} after): \
                 {advice}"
            )),
            Game::Preservation if after < before / 2.0 => Some(format!(
                "the kept region alone does not hold the class (p = {before:.3} before, \
                 {after:.3} after): {advice}"
            )),
            Game::Deletion | Game::Preservation => None,
        }
    }
}

/// What makes the score pull more.
fn stronger(config: &Config) -> &'static str {
    match config.score.kind {
        Score::Probability => "--param score=log-odds",
        Score::Logit | Score::LogOdds => "a higher --param score-weight",
    }
}

#[cfg(test)]
mod tests {
    use super::Numbers;
    use crate::Score;
    use crate::masks::config::tests::default_config;
    use crate::masks::{Config, Game, ScoreTerm};

    const GOOD: Numbers = Numbers {
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

    const STEP: &str = "--param learning-rate=0.01";

    fn only(numbers: Numbers, config: &Config) -> String {
        let findings = numbers.judge(config, STEP).expect("a result");
        assert_eq!(findings.len(), 1, "{findings:?}");
        findings.concat()
    }

    #[test]
    fn a_good_mask_has_no_findings() {
        assert_eq!(GOOD.judge(&default_config(), STEP), Ok(Vec::new()));
    }

    #[test]
    fn a_saturated_start_is_said_with_its_remedy() {
        let default = default_config();
        let score = ScoreTerm { kind: Score::Probability, floor: None, ..default.score };
        let config = Config { score, ..default };
        let finding = only(Numbers { p_start: 1.0, pull: 3e-9, ..GOOD }, &config);
        assert!(finding.contains("saturated (p = 1.000)"), "{finding}");
        assert!(finding.contains("3e-9") && finding.contains("score=log-odds"), "{finding}");
    }

    #[test]
    fn a_score_at_its_floor_is_not_a_fault() {
        assert_eq!(Numbers { score: -4.0, pull: 0.0, ..GOOD }.judge(&default_config(), STEP), Ok(Vec::new()));
    }

    #[test]
    fn masks_that_say_nothing_are_said() {
        let config = default_config();
        let ones = Numbers { minimum: 1.0, ..GOOD };
        let zeros = Numbers { maximum: 0.0, ..GOOD };
        assert!(only(ones, &config).contains("nothing is deleted"));
        assert!(only(zeros, &config).contains("whole image is deleted"));
        assert!(only(Numbers { moved: 0.0, ..GOOD }, &config).contains("did not move"));
        assert!(only(Numbers { p_end: 0.9, ..GOOD }, &config).contains("survives"));
        assert!(only(Numbers { p_image: 0.01, ..GOOD }, &config).contains("--target"));
        let preserve = Config { game: Game::Preservation, ..config };
        assert!(only(Numbers { p_end: 0.9, ..ones }, &preserve).contains("whole image is kept"));
        assert!(only(Numbers { p_end: 0.9, ..zeros }, &preserve).contains("nothing is kept"));
        assert!(only(GOOD, &preserve).contains("does not hold"));
    }

    #[test]
    fn numbers_that_are_not_finite_are_no_result() {
        for broken in [
            Numbers { p_image: f32::NAN, ..GOOD },
            Numbers { unclamped: f32::INFINITY, ..GOOD },
            Numbers { pull: f32::NAN, ..GOOD },
        ] {
            let cause = broken.judge(&default_config(), STEP).expect_err("no result");
            assert_eq!(cause.contains(STEP), broken.p_image.is_finite(), "{cause}");
        }
    }
}

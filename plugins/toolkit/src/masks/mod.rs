//! The parts that methods which optimise a mask share; a method adds its own optimisation.
//!
//! The data of a run: [`Config`] (the game, the score, the regularisers and the grid of the mask,
//! described by [`Config::parameters`]) -> [`Start`] makes the first mask (N, 1, S, S) -> in every
//! step the method asks the [`Objective`] for the mask on the image's grid and for its [`Terms`],
//! and moves the mask -> [`Findings`] turn the last mask into an [`Explanation`](lacuna_plugin::Explanation)
//! and say what the user should know of it.
//!
//! A mask is in [0, 1], and 1 keeps the pixel. The batch N is the images'; no image influences
//! another. A whole method, but for its description:
//!
//! ```
//! use lacuna_toolkit::masks::{Config, Findings, Objective, Start};
//! use lacuna_plugin::{Error, Explanation, Random, Remedy, Request, progress};
//!
//! const STEPS: u32 = 100;
//!
//! fn explain(request: Request<'_>) -> Result<Explanation, Error> {
//!     let config = Config::from_settings(&request.settings)?;
//!     let objective = Objective::new(&request, &config)?;
//!     let mut mask = Start::Constant { value: 0.5 }.mask(&objective, &mut Random::new(request.seed), STEPS)?;
//!     let mut findings = Findings::new(&objective, Remedy::lower("step"));
//!     let mut unclamped = mask.clone();
//!     for step in 0..STEPS {
//!         let leaf = mask.track();
//!         let logits = objective.logits(&objective.upsample(&leaf));
//!         let terms = objective.terms(&leaf, &logits);
//!         let gradient = terms.total().backward().of(&leaf);
//!         if step == 0 {
//!             findings.note_start(&mask, &logits, &gradient);
//!         }
//!         unclamped = &mask - &gradient * 10.0;
//!         mask = unclamped.clamp(0.0, 1.0);
//!         progress::report(step + 1, STEPS, &terms.named())?;
//!     }
//!     findings.conclude(mask, &unclamped)
//! }
//! ```
//!
//! A method that also works on black boxes takes the gradient from a [`Slope`], and an image that moves
//! under the mask is a [`Jitter`]. For few passes of the classifier there are [`Versions`] (many masks for each image in one
//! pass), [`minimise`] (steps that need no classifier) and [`Descent`] (both together). [`Smooth`] masks have no TV norm to pay.
//!
//! What is deliberately absent: the loop, the optimiser, and whatever else tells one method from
//! another.

mod bilateral;
mod circle;
mod config;
mod descent;
mod evolution;
mod findings;
mod game;
mod grid;
mod jitter;
mod largest;
mod minimise;
mod objective;
mod outcome;
mod regularisers;
mod score_term;
mod slope;
mod smooth;
mod start;
mod versions;

pub use bilateral::Bilateral;
pub use config::Config;
pub use descent::{Descent, Point};
pub use evolution::Evolution;
pub use findings::Findings;
pub use game::Game;
pub use grid::{Grid, Upsampling};
pub use jitter::{Jitter, Shift};
pub use largest::largest;
pub use minimise::minimise;
pub use objective::{Objective, Terms};
pub use regularisers::Regularisers;
pub use score_term::ScoreTerm;
pub use slope::{Evaluation, Slope, Step};
pub use smooth::Smooth;
pub use start::Start;
pub use versions::{Versions, scaled, shares};

/// The source of a default that no paper gives.
pub const PROTOTYPE: &str = "experiment: ten of ten OCT B-scans with a saturated classifier flip";
/// The source of a default that the first paper of the field gives.
pub const FONG: &str = "Fong and Vedaldi 2017 and the authors' code";

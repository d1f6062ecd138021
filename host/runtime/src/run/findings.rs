//! From a guest's findings and remedies to data that doors can render.

use super::record::MessageLevel;
use super::state::PluginState;
use crate::{
    bindings::method::lacuna::explain::{findings as wit_findings, remedies as wit},
    error::{Role, RunError},
    plugin::{description::PluginInfo, settings::Value},
    text,
};
use lacuna_diagnostic::{Change, Finding, Owner, Remedy};

/// Findings about one image.
const MOST: usize = 100;
/// Remedies of one finding or refusal.
const MOST_REMEDIES: usize = 8;

/// The findings of the method that `info` describes about `images` images, made fit to be shown.
///
/// # Errors
/// [`RunError::Refused`] for more findings than there may be, one without text or code, and one about an image that there
/// is not: whose it is could only be guessed.
pub(super) fn checked(
    state: &PluginState,
    findings: Vec<wit_findings::Finding>,
    images: usize,
    info: &PluginInfo,
) -> Result<Vec<Finding>, RunError> {
    let refused = |what: String| Err(RunError::refused(&state.id, what));
    if findings.len() > MOST.saturating_mul(images.max(1)) {
        return refused(format!("it gives {} findings, at most {MOST} for each image are taken", findings.len()));
    }
    let mut checked = Vec::with_capacity(findings.len());
    for found in findings {
        let code = text::clean(&found.code, 64);
        if !text::is_kebab_case(&found.code) {
            return refused(format!("the code of a finding is `{code}`, expected lower-case words joined by hyphens"));
        }
        if found.text.trim().is_empty() {
            return refused(format!("the finding `{code}` has no text"));
        }
        let image = found.image.map(|image| image as usize);
        if let Some(image) = image.filter(|image| *image >= images) {
            return refused(format!("the finding `{code}` is about image {image}, and there are {images} from 0"));
        }
        // A remedy that cannot be followed is the author's mistake; the finding itself still holds.
        let (known, unknown): (Vec<_>, Vec<_>) = found.remedies.iter().partition(|remedy| match remedy {
            wit::Remedy::Set(setting) => info.parameter(&setting.name).is_some(),
            wit::Remedy::Adjust(adjustment) => info.parameter(&adjustment.parameter).is_some(),
            wit::Remedy::Choose(_) | wit::Remedy::Advice(_) => true,
        });
        if !unknown.is_empty() {
            let said =
                format!("the finding `{code}` advises to change what is no parameter of it; the advice is left out");
            state.shared().journal.borrow_mut().add_once(&state.id, MessageLevel::Warning, &said);
        }
        let known: Vec<wit::Remedy> = known.into_iter().cloned().collect();
        checked.push(Finding { image, code, text: text::clean(&found.text, 1000), remedies: remedies(state, &known) });
    }
    Ok(checked)
}

/// The remedies that a plugin gives, the first few of them.
pub(super) fn remedies(state: &PluginState, remedies: &[wit::Remedy]) -> Vec<Remedy> {
    let owner = Owner { role: state.id.role().to_string(), name: state.id.name().to_owned() };
    let set = |name: &str, to: Change| Remedy::Set { plugin: Some(owner.clone()), name: text::clean(name, 64), to };
    let remedy = |remedy: &wit::Remedy| match remedy {
        wit::Remedy::Set(setting) => {
            let value = Value::from(setting.value.clone()).to_string();
            set(&setting.name, Change::Value(text::clean(&value, 100)))
        }
        wit::Remedy::Adjust(wit::Adjustment { parameter, direction }) => set(
            parameter,
            match direction {
                wit::Direction::Larger => Change::Larger,
                wit::Direction::Smaller => Change::Smaller,
                wit::Direction::Another => Change::Another,
            },
        ),
        wit::Remedy::Choose(choice) => {
            let (name, chosen) = match choice {
                wit::Choice::Target => ("target", true),
                wit::Choice::Method => ("method", true),
                wit::Choice::Perturbation => {
                    ("perturbation", state.partner.is_some() || state.id.role() == Role::Perturbation)
                }
                wit::Choice::Classifier => ("classifier", true),
                wit::Choice::Generator => ("generator", state.generator.is_some()),
                wit::Choice::Device => ("device", true),
            };
            let to = if chosen { Change::Another } else { Change::One };
            Remedy::Set { plugin: None, name: name.to_owned(), to }
        }
        wit::Remedy::Advice(advice) => Remedy::advice(text::clean(advice, 300)),
    };
    remedies.iter().take(MOST_REMEDIES).map(remedy).collect()
}

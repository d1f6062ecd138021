//! Lesions of known place: pasted from patients' images into healthy ones.
//!
//! Eq. 3 of Uzunova, Ehrhardt, Kepp and Handels (2019, "Interpretable explanations of black box classifiers applied on medical
//! images by meaningful perturbations using variational autoencoders", SPIE Medical Imaging 10949):
//!
//! ```text
//! I_patho = HE(T(I_L)) * M_L + I * (1 - M_L)
//! ```

mod blend;
mod foreground;
mod matching;
mod register;
mod smooth;

use crate::error::{Error, Result};
use crate::random::SplitMix;
use crate::table::image_files;
use foreground::foreground;
use lacuna_imaging::{Image, Interpolation, RgbToGrey};
use register::{Coarse, register};
use std::path::{Path, PathBuf};

/// How the intensities of a lesion become those of the healthy image, HE of Eq. 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Contrast {
    Matched,
    #[default]
    Carried,
}

impl Contrast {
    pub(crate) const GAIN: f32 = 0.7;
}

#[derive(Clone, Debug)]
pub struct PasteOptions {
    pub per_image: usize,
    pub seed: u64,
    pub contrast: Contrast,
    pub size: Option<usize>,
}

#[derive(Debug)]
pub struct Paster {
    donors: Vec<Donor>,
    options: PasteOptions,
}

#[derive(Debug)]
struct Donor {
    name: String,
    layers: Image,
    coarse: Coarse,
}

#[derive(Debug)]
pub struct Pasted {
    pub donor: String,
    pub image: Image,
    pub mask: Image,
    pub information: f64,
    pub overlap: f64,
}

impl Paster {
    pub fn read(folder: &Path, options: PasteOptions) -> Result<Self> {
        let mut donors = Vec::new();
        for file in image_files(&folder.join("lesion"))? {
            let name = file.file_name().unwrap_or_default();
            let image = grey(&file)?;
            let mask = grey(&folder.join("lesion_mask").join(name))?;
            let size = (image.height(), image.width());
            let Some(inside) = foreground(image.data(), size) else { continue };
            let Some(coarse) = Coarse::new(&image, &inside) else { continue };
            let mut layers = image.data().to_vec();
            layers.extend(mask.data().iter().map(|&v| f32::from(u8::from(v > 0.0))));
            layers.extend(inside.iter().map(|&v| f32::from(u8::from(v))));
            donors.push(Donor {
                name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                layers: Image::new(3, size.0, size.1, layers)?,
                coarse,
            });
        }
        Ok(Self { donors, options })
    }

    pub fn onto(&self, path: &Path, index: u64) -> Result<Vec<Pasted>> {
        let image = grey(path)?;
        let size = (image.height(), image.width());
        let Some(inside) = foreground(image.data(), size) else { return Err(Error::Stopped) };
        let Some(coarse) = Coarse::new(&image, &inside) else { return Err(Error::Stopped) };
        let mut order: Vec<&Donor> = self.donors.iter().collect();
        SplitMix::stream(self.options.seed, &[index]).shuffle(&mut order);
        let mut all = Vec::new();
        for donor in order {
            if all.len() == self.options.per_image {
                break;
            }
            let registration = register(&coarse, &donor.coarse);
            let layers = donor.layers.warp(&registration.map, size.0, size.1)?;
            let n = size.0 * size.1;
            let layers = blend::Layers {
                size,
                healthy: image.data(),
                brain: &inside,
                donor: &layers.data()[..n],
                lesion: &layers.data()[n..2 * n],
                donor_brain: &layers.data()[2 * n..],
            };
            let Some(blend) = blend::blend(&layers, self.options.contrast) else { continue };
            if blend.mask.iter().filter(|&&v| v).count() < 20 {
                continue;
            }
            all.push(Pasted {
                donor: donor.name.clone(),
                image: image.with_data(1, blend.image)?,
                mask: image.with_data(1, blend.mask.iter().map(|&v| f32::from(u8::from(v))).collect())?,
                information: registration.information,
                overlap: registration.overlap,
            });
        }
        Ok(all)
    }
}

fn grey(path: &Path) -> Result<Image> {
    Ok(Image::read(path)?.to_channels(1, RgbToGrey::Luminance)?)
}

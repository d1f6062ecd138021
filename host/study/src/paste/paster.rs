//! Pastes the lesions of several donors into one healthy image.

use super::blend::{Layers, blend};
use super::contrast::Contrast;
use super::donor::{self, Donor};
use super::donor_folds::{DonorFold, DonorFolds};
use super::register::{Registration, register};
use crate::error::{Error, Result};
use crate::patients::Patients;
use crate::random::{SplitMix, hash};
use lacuna_imaging::{Image, Interpolation, Note, Reader};
use std::path::Path;

/// Settings of a data set of pasted lesions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PasteOptions {
    /// Number of pastes for each healthy image, each from another donor; at least 1.
    pub per_image: usize,
    /// Seed of the choice of donors and of the fold of each healthy patient.
    pub seed: u64,
    /// Number of folds of a later training with the same seed (see [`fold_of`](crate::fold_of)). Lesions of one person are
    /// pasted into the patients of one fold only, so that a test fold's lesions are as unseen as its patients. `None` is 4, or
    /// the number of people with lesions if that is less.
    pub folds: Option<usize>,
    /// How intensities of the lesion are brought to the healthy image.
    pub contrast: Contrast,
    /// Pixels of the longer side of all images written, 32 to 4096; `None` keeps the size of each healthy image.
    pub size: Option<usize>,
}

impl Default for PasteOptions {
    fn default() -> Self {
        Self { per_image: 4, seed: 0, folds: None, contrast: Contrast::default(), size: None }
    }
}

/// All donors, ready to be pasted into healthy images.
#[derive(Debug)]
pub struct Paster {
    donors: Vec<Donor>,
    folds: DonorFolds,
    options: PasteOptions,
    reader: Reader,
}

/// One healthy image and its pastes. All images are grey (1, H, W), on one grid.
#[derive(Clone, Debug)]
pub struct Pastes {
    /// The healthy image of the data set: resized, and multiplied by [`Contrast::gain`].
    pub healthy: Image,
    /// [`PasteOptions::per_image`] pastes, or fewer where no other donor fits.
    pub pasted: Vec<Pasted>,
}

/// One I_patho of Eq. 3.
#[derive(Clone, Debug)]
pub struct Pasted {
    /// Name of the donor's file without its ending.
    pub donor: String,
    /// Name of the person who gave the lesion.
    pub person: String,
    /// The image with the lesion, multiplied by [`Contrast::gain`].
    pub image: Image,
    /// The lesion mask, 1 inside and 0 outside: the registered mask, thresholded at 1/2, within the brain's tissue.
    pub mask: Image,
    /// Number of lesion pixels.
    pub pixels: usize,
    /// Normalised mutual information of the registration, in [1, 2].
    pub information: f64,
    /// Overlap (Dice) of the two registered brains, in [0, 1].
    pub overlap: f64,
}

/// The random stream that decides the order of donors for an image.
const DONORS: u64 = 3;
/// Smallest lesion of a paste, as a fraction of the image; a donor whose lesion is smaller is left out.
const LEAST_SHARE: f64 = 20.0 / (128.0 * 128.0);
/// Smallest overlap (Dice) of a registration; a donor that is registered worse is left out.
const LEAST_OVERLAP: f64 = 0.9;

impl Paster {
    /// Reads the donors: a folder with `lesion/` and `lesion_mask/`, slices of brains without skull on black, upright in the
    /// same way as the healthy images, and masks of the same file names in which every pixel other than 0 is lesion. `people`
    /// derives the person of each lesion from the file names. `reader` reads these files and the healthy ones.
    ///
    /// # Errors
    /// Refuses more folds than people, a missing folder, a lesion image whose mask is missing, of another size or empty, an image
    /// in which no brain is found, and options out of range.
    pub fn read(folder: impl AsRef<Path>, people: Patients, options: PasteOptions, reader: Reader) -> Result<Self> {
        let donors = donor::read(folder.as_ref(), &reader)?;
        let folds = DonorFolds::new(&donors, people, options.folds)?;
        let report = folds.report();
        let most = report.iter().map(|fold| fold.images).min().unwrap_or(0);
        if options.per_image == 0 || options.per_image > most {
            let found = format!("{} pastes for each image", options.per_image);
            let folder = folder.as_ref().display();
            let expected = match report.len() {
                1 => format!("1 to {most}, the number of lesion images in `{folder}`"),
                folds => format!("1 to {most}, as many lesion images of `{folder}` as each of {folds} folds has"),
            };
            let remedy = "choose another number, add lesion images, or choose fewer folds";
            return Err(Error::input("pastes", found, expected, remedy));
        }
        if options.size.is_some_and(|size| !(32..=4096).contains(&size)) {
            let found = format!("{} pixels", options.size.unwrap_or_default());
            return Err(Error::input("size", found, "32 to 4096", "choose another size, such as 128"));
        }
        Ok(Self { donors, folds, options, reader })
    }

    /// Names of the donors, in natural order.
    pub fn donors(&self) -> impl ExactSizeIterator<Item = &str> {
        self.donors.iter().map(|donor| &*donor.name)
    }

    /// The people whose lesions go into the images of each fold of patients.
    pub fn folds(&self) -> Vec<DonorFold> {
        self.folds.report()
    }

    /// How the people behind the lesions were derived from the file names, where no rule was given.
    pub fn note(&self) -> Option<&str> {
        self.folds.note()
    }

    /// Warnings about the files that were read, one note for each kind.
    pub fn notes(&self) -> Vec<Note> {
        self.reader.notes()
    }

    /// The settings of this data set.
    pub fn options(&self) -> PasteOptions {
        self.options
    }

    /// Pastes lesions into one healthy image of this patient. The choice of donors is a function of the seed, the patient and
    /// the name of the file alone, so neither the other images nor the order of the work matter.
    ///
    /// # Errors
    /// Refuses a file that cannot be read, and an image in which no brain is found.
    pub fn onto(&self, healthy: impl AsRef<Path>, patient: &str) -> Result<Pastes> {
        let file = healthy.as_ref();
        let image = self.resized(donor::grey(file, &self.reader)?)?;
        let (brain, coarse) = donor::brain(&image, file)?;
        let mut donors = self.folds.donors(patient, self.options.seed).to_vec();
        SplitMix::stream(self.options.seed, &[DONORS, hash(&crate::patients::stem(file))]).shuffle(&mut donors);
        let mut pasted = Vec::new();
        for index in donors {
            if pasted.len() == self.options.per_image {
                break;
            }
            let registration = register(&coarse, &self.donors[index].coarse);
            if registration.overlap >= LEAST_OVERLAP {
                pasted.extend(self.paste(&image, &brain, index, &registration)?);
            }
        }
        Ok(Pastes { healthy: self.darkened(&image, image.data().to_vec())?, pasted })
    }

    /// Pastes the lesion of donor `index`; `None` where too little of it lies on tissue.
    fn paste(
        &self,
        image: &Image,
        brain: &[bool],
        index: usize,
        registration: &Registration,
    ) -> Result<Option<Pasted>> {
        let size = (image.height(), image.width());
        let donor = &self.donors[index];
        let registered = donor.layers.warp(&registration.map, size.0, size.1)?;
        let layer = |index: usize| &registered.data()[index * size.0 * size.1..(index + 1) * size.0 * size.1];
        let layers =
            Layers { size, healthy: image.data(), brain, donor: layer(0), lesion: layer(1), donor_brain: layer(2) };
        let Some(blend) = blend(&layers, self.options.contrast) else { return Ok(None) };
        let pixels = blend.mask.iter().filter(|&&lesion| lesion).count();
        if (pixels as f64) < LEAST_SHARE * blend.mask.len() as f64 {
            return Ok(None);
        }
        let mask = blend.mask.iter().map(|&lesion| f32::from(u8::from(lesion))).collect();
        Ok(Some(Pasted {
            donor: donor.name.clone(),
            person: self.folds.person(index).to_owned(),
            image: self.darkened(image, blend.image)?,
            mask: image.with_data(1, mask)?,
            pixels,
            information: registration.information,
            overlap: registration.overlap,
        }))
    }

    /// The image with [`PasteOptions::size`] pixels on its longer side.
    fn resized(&self, image: Image) -> Result<Image> {
        let Some(size) = self.options.size else { return Ok(image) };
        let longer = image.height().max(image.width()) as f64;
        let side = |length: usize| ((length as f64 * size as f64 / longer).round() as usize).max(1);
        Ok(image.resize(side(image.height()), side(image.width()), Interpolation::BilinearAntialias)?)
    }

    /// `values` on the grid of `image`, multiplied by [`Contrast::gain`].
    fn darkened(&self, image: &Image, values: Vec<f32>) -> Result<Image> {
        let gain = self.options.contrast.gain();
        Ok(image.with_data(1, values.into_iter().map(|value| value * gain).collect())?)
    }
}

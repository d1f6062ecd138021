//! `lacuna.toml`: what the cells of a notebook may use. Without the file it is the demo.

use lacuna_imaging::read_regular;
use lacuna_runtime::{Grant, Limits};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};
use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
};

/// What a notebook opened for its cells. Paths are relative to the folder of the file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Opened {
    /// Pictures and slices of volumes by name.
    pub images: BTreeMap<String, ImageEntry>,
    /// Whole volumes by name.
    pub volumes: BTreeMap<String, ImageEntry>,
    /// Manifests of classifiers by name.
    pub classifiers: BTreeMap<String, PathBuf>,
    /// Manifests of generators by name.
    pub generators: BTreeMap<String, PathBuf>,
    /// The classifier of a cell that names none; the first one by name unless it is set.
    pub classifier: Option<String>,
    /// The generator of a cell that names none; the first one by name unless it is set.
    pub generator: Option<String>,
    /// Folders of plugins, or single files.
    pub plugins: Vec<PathBuf>,
    /// Whether cells may read numbers of tensors.
    pub readback: bool,
    /// What plugins of [`Opened::plugins`] may do, each as `NAME:NEED`, for example `my-metric:readback`.
    pub grants: Vec<String>,
    /// The folder into which cells may write plugins; none forbids it.
    pub save: Option<PathBuf>,
    /// `auto`, `cpu`, `gpu`, `gpu:N`, or a part of an adapter's name.
    pub device: Option<String>,
    /// Limits by name, for each plugin and for the cells.
    pub limits: BTreeMap<String, LimitValue>,
    /// Whether the demo's classifier and made images with known lesions are opened too.
    pub demo: bool,
    /// The folder that paths are relative to: the file's.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// A file, or a file with what is to be known of it.
#[derive(Clone, Debug, PartialEq)]
pub enum ImageEntry {
    File(PathBuf),
    Described(DescribedImage),
}

impl<'de> Deserialize<'de> for ImageEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ImageEntry, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

/// Reads an entry so that an error names the key that is wrong, which an untagged enum does not.
struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = ImageEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a file, as \"scan.png\" or { file = \"scan.nii.gz\", slice = \"axial:90\", lesion = \"mask.png\" }",
        )
    }

    fn visit_str<E: de::Error>(self, file: &str) -> Result<ImageEntry, E> {
        Ok(ImageEntry::File(file.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ImageEntry, A::Error> {
        DescribedImage::deserialize(MapAccessDeserializer::new(map)).map(ImageEntry::Described)
    }
}

/// A file with what is to be known of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DescribedImage {
    pub file: PathBuf,
    /// The slice of a volume, for example `axial:90`.
    pub slice: Option<String>,
    /// Which values of a volume become 0 and 1.
    pub window: Option<String>,
    /// An image or a volume that is not 0 where an expert drew the lesion.
    pub lesion: Option<PathBuf>,
    /// Whether colours become the luminance for a grey classifier.
    #[serde(default)]
    pub to_grey: bool,
}

/// A limit as text with its unit, or as a plain number.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum LimitValue {
    Number(u64),
    Text(String),
}

/// A file of grants that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenedError {
    #[error(
        "{path}: cannot be read ({cause}). Remedy: give the file that says what the cells may use, or none for the demo."
    )]
    Unreadable { path: String, cause: std::io::Error },
    #[error("{path}: {problem}. Remedy: correct the file.")]
    Wrong { path: String, problem: String },
}

/// Bytes of a file of grants.
const LARGEST: u64 = 1 << 20;

impl Opened {
    /// The demo alone, for a notebook without a file.
    pub fn demo() -> Opened {
        Opened { demo: true, readback: true, ..Opened::default() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// A file that cannot be read, and one with an entry that there is not.
    pub fn read(path: &Path) -> Result<Opened, OpenedError> {
        let shown = || path.display().to_string();
        let unreadable = |cause| OpenedError::Unreadable { path: shown(), cause };
        let text = read_regular(path, LARGEST).and_then(|bytes| String::from_utf8(bytes).map_err(io::Error::other));
        let text = text.map_err(unreadable)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Opened::parse(&text, folder).map_err(|problem| OpenedError::Wrong { path: shown(), problem })
    }

    /// Reads a file's text; paths are relative to `folder`.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(text: &str, folder: PathBuf) -> Result<Opened, String> {
        let opened: Opened = toml::from_str(text).map_err(|error| error.to_string().trim().to_owned())?;
        opened.limits()?;
        opened.granted()?;
        for name in [&opened.images, &opened.volumes].into_iter().flat_map(BTreeMap::keys) {
            check_name(name)?;
        }
        for name in [&opened.classifiers, &opened.generators].into_iter().flat_map(BTreeMap::keys) {
            check_name(name)?;
        }
        if let Some(name) = opened.images.keys().find(|name| opened.volumes.contains_key(*name)) {
            return Err(format!("`{name}` names an image and a volume"));
        }
        let known = |chosen: &Option<String>, all: &BTreeMap<String, PathBuf>, what: &str| match chosen {
            Some(name) if !all.contains_key(name) => Err(format!("`{what} = \"{name}\"` names no {what} of the file")),
            _ => Ok(()),
        };
        known(&opened.classifier, &opened.classifiers, "classifier")?;
        known(&opened.generator, &opened.generators, "generator")?;
        Ok(Opened { folder, ..opened })
    }

    /// The defaults, changed by the file; an interpreter has 1 GiB of its own, for what its cells keep.
    ///
    /// # Errors
    /// A limit that there is not, or a value that cannot be read.
    pub fn limits(&self) -> Result<Limits, String> {
        let mut limits = Limits { guest_memory: 1 << 30, ..Limits::default() };
        for (name, value) in &self.limits {
            let value = match value {
                LimitValue::Number(number) => number.to_string(),
                LimitValue::Text(text) => text.clone(),
            };
            limits.set(&format!("{name}={value}")).map_err(|error| format!("[limits] {error}"))?;
        }
        Ok(limits)
    }

    /// What plugins that no cell defined may do.
    ///
    /// # Errors
    /// A grant that cannot be read.
    pub fn granted(&self) -> Result<Vec<Grant>, String> {
        self.grants.iter().map(|text| text.parse().map_err(|error| format!("grants: {error}"))).collect()
    }

    /// A path of the file, from where the program runs.
    pub fn path(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }

    /// The folders of plugins, from where the program runs.
    pub fn plugin_folders(&self) -> Vec<PathBuf> {
        self.plugins.iter().map(|folder| self.path(folder)).collect()
    }
}

impl ImageEntry {
    /// The file with everything that is to be known of it.
    pub fn described(&self) -> DescribedImage {
        match self {
            ImageEntry::Described(described) => described.clone(),
            ImageEntry::File(file) => {
                DescribedImage { file: file.clone(), slice: None, window: None, lesion: None, to_grey: false }
            }
        }
    }
}

/// Names are typed in cells and shown in catalogues.
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    match !name.is_empty() && name.chars().count() <= 100 && name.chars().all(allowed) {
        true => Ok(()),
        false => Err(format!("the name {name:?} is not 1 to 100 letters, digits, spaces, `-`, `_` and `.`")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by a panic")]

    use super::*;

    #[test]
    fn a_file_opens_what_it_names() {
        let text = r#"
            readback = true
            plugins = ["mine"]
            save = "plugins"

            [images]
            scan = "scan.png"
            brain = { file = "brain.nii.gz", slice = "axial:90", lesion = "mask.png" }

            [classifiers]
            chest = "models/chest.toml"

            [limits]
            wall-time = "10min"
            handles = 100
        "#;
        let opened = Opened::parse(text, PathBuf::from("here")).unwrap();
        assert_eq!(opened.path(&opened.images["scan"].described().file), Path::new("here/scan.png"));
        assert_eq!(opened.images["brain"].described().slice.as_deref(), Some("axial:90"));
        assert_eq!((opened.limits().unwrap().handles, opened.limits().unwrap().wall_time.as_secs()), (100, 600));
        assert_eq!(opened.plugin_folders(), [Path::new("here/mine")]);
    }

    /// What the README and the cells' own help show is such a file.
    #[test]
    fn what_is_documented_is_read() {
        let readme = include_str!("../../../plugins/cells-python/README.md");
        let (_, rest) = readme.split_once("```toml\n").unwrap();
        let documented = Opened::parse(rest.split_once("```").unwrap().0, PathBuf::new()).unwrap();
        let help = include_str!("../../../plugins/cells-python/src/lacuna/notebook/assisting.py");
        let (_, rest) = help.split_once("folder.\n\n").unwrap();
        assert_eq!(Opened::parse(rest.split_once("\"\"\"").unwrap().0, PathBuf::new()).unwrap(), documented);
        assert_eq!(documented.granted().unwrap()[0].plugin, "my-metric");
        assert_eq!(documented.images["brain"].described().window.as_deref(), Some("percentile:1,99"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str| Opened::parse(text, PathBuf::new()).unwrap_err();
        assert!(said("[imgaes]\na = \"b\"").contains("imgaes"));
        assert!(said("[limits]\nspeed = 3").contains("speed"));
        assert!(said("classifier = \"a\"").contains("names no classifier"));
        assert!(said("[images]\n\"a/b\" = \"c\"").contains("a/b"));
        let entry = said("[images]\na = { path = \"c\" }");
        assert!(entry.contains("path") && entry.contains("`file`, `slice`, `window`"), "{entry}");
        assert!(said("[images]\na = 3").contains("a file, as"));
        assert!(said("grants = [\"readback\"]").contains("names no plugin"));
        assert!(said("[images]\na = \"c\"\n[volumes]\na = \"d\"").contains("an image and a volume"));
    }
}

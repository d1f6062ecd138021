//! A node as its operator reads it: attributes by name and type, inputs, and the operator set that it is written in.
//!
//! What is read is remembered, so that a node of which something stays unread is refused.

use super::order::BETWEEN;
use super::proto::{AttributeProto, NodeProto};
use crate::graph::array::{Array, Kind};
use crate::graph::operator::{Depth, Padding, Pool};
use crate::{Error, Result};
use std::cell::RefCell;
use std::collections::HashMap;

/// Types of attributes in ONNX, by their numbers.
const FLOAT: i32 = 1;
const INT: i32 = 2;
const STRING: i32 = 3;
const TENSOR: i32 = 4;
const FLOATS: i32 = 6;
const INTS: i32 = 7;

/// Looks attributes up and names the node in every complaint.
pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    pub(super) node: &'a NodeProto,
    pub(super) name: &'a str,
    /// The version of the operator set that the node belongs to.
    pub(super) version: i64,
    /// Names of inputs; an attribute of an older set becomes an input here.
    pub(super) inputs: RefCell<Vec<String>>,
    pub(super) constants: RefCell<&'a mut HashMap<String, Array>>,
    read: RefCell<Vec<&'a str>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        file: &'a str,
        node: &'a NodeProto,
        name: &'a str,
        version: i64,
        constants: &'a mut HashMap<String, Array>,
    ) -> Self {
        let inputs = RefCell::new(node.input.clone());
        Self { file, node, name, version, inputs, constants: RefCell::new(constants), read: RefCell::default() }
    }

    pub(super) fn find(&self, name: &str) -> Option<&'a AttributeProto> {
        let found = self.node.attribute.iter().find(|attribute| attribute.name == name)?;
        self.read.borrow_mut().push(&found.name);
        Some(found)
    }

    /// An attribute that must have this type; old files do not write the type.
    fn typed(&self, name: &str, kind: i32) -> Result<Option<&'a AttributeProto>> {
        match self.find(name) {
            Some(found) if found.kind != kind && found.kind != 0 => {
                let [found, expected] = [found.kind, kind].map(attribute_type);
                Err(self.refused(&format!("attribute {name} is {found}, expected {expected}")))
            }
            found => Ok(found),
        }
    }

    pub(super) fn float(&self, name: &str, default: f32) -> Result<f32> {
        Ok(self.typed(name, FLOAT)?.map_or(default, |attribute| attribute.f))
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> Result<i64> {
        Ok(self.optional_integer(name)?.unwrap_or(default))
    }

    pub(super) fn optional_integer(&self, name: &str) -> Result<Option<i64>> {
        Ok(self.typed(name, INT)?.map(|attribute| attribute.i))
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool> {
        Ok(self.integer(name, 0)? != 0)
    }

    /// A count of 1 to [`MOST`].
    pub(super) fn count(&self, name: &str, default: i64) -> Result<usize> {
        let found = self.integer(name, default)?;
        usize::try_from(found)
            .ok()
            .filter(|count| (1..=MOST as usize).contains(count))
            .ok_or_else(|| self.refused(&format!("attribute {name} is {found}, expected 1 to {MOST}")))
    }

    pub(super) fn integers(&self, name: &str) -> Result<Option<Vec<i64>>> {
        Ok(self.typed(name, INTS)?.map(|attribute| attribute.ints.clone()))
    }

    pub(super) fn floats(&self, name: &str) -> Result<Option<Vec<f32>>> {
        Ok(self.typed(name, FLOATS)?.map(|attribute| attribute.floats.clone()))
    }

    pub(super) fn tensor(&self, name: &str) -> Result<Option<&'a super::proto::TensorProto>> {
        Ok(self.typed(name, TENSOR)?.and_then(|attribute| attribute.t.as_ref()))
    }

    /// A text, empty where the attribute is absent.
    pub(super) fn text(&self, name: &str) -> Result<String> {
        let found = self.typed(name, STRING)?;
        Ok(found.map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned()).unwrap_or_default())
    }

    /// A text of several that are known; the first is the default.
    pub(super) fn choice<T: Copy>(&self, name: &str, known: &[(&str, T)]) -> Result<T> {
        let found = self.text(name)?;
        let Some((_, default)) = known.first().filter(|_| found.is_empty()) else {
            return known.iter().find(|(text, _)| *text == found).map(|(_, value)| *value).ok_or_else(|| {
                let known: Vec<&str> = known.iter().map(|(text, _)| *text).collect();
                self.refused(&format!("{name} `{found}`, expected {}", known.join(" or ")))
            });
        };
        Ok(*default)
    }

    /// Two sizes, for rows and columns: one for a line, which is a picture of one row, and the last of three for a volume.
    pub(super) fn pair(&self, name: &str, default: usize) -> Result<[usize; 2]> {
        let Some(list) = self.integers(name)?.filter(|list| !list.is_empty()) else {
            return Ok([default; 2]);
        };
        match list.as_slice() {
            sizes if sizes.iter().any(|size| !(1..=MOST).contains(size)) => {
                Err(self.refused(&format!("attribute {name} is {list:?}, expected sizes of 1 to {MOST}")))
            }
            [rows, columns] | [_, rows, columns] => Ok([*rows as usize, *columns as usize]),
            [columns] => Ok([1, *columns as usize]),
            _ => Err(self.refused(&format!(
                "attribute {name} is {list:?}, expected two sizes, for rows and columns, or three, for the depth as well"
            ))),
        }
    }

    /// The window of `kernel` slices along the depth of volumes: what the first of three sizes says.
    pub(super) fn depth(&self, kernel: usize) -> Result<Depth> {
        let first = |name: &str| -> Result<usize> {
            let list = self.integers(name)?.unwrap_or_default();
            // Three numbers each, and in range: `spatial` and `pair` have looked.
            Ok(list.first().and_then(|size| usize::try_from(*size).ok()).unwrap_or(1))
        };
        let (stride, dilation) = (first("strides")?, first("dilations")?);
        let padding = match self.padding()? {
            Padding::Explicit(_) => {
                let pads = if self.text("auto_pad")? == "VALID" { None } else { self.integers("pads")? };
                match pads.as_deref() {
                    Some([before, _, _, after, ..]) => Padding::Explicit([*before as usize, 0, *after as usize, 0]),
                    _ => Padding::Explicit([0; 4]),
                }
            }
            same => same,
        };
        Ok(Depth { kernel, stride, padding, dilation })
    }

    pub(super) fn padding(&self) -> Result<Padding> {
        let pads = self.integers("pads")?.filter(|pads| !pads.is_empty());
        let automatic = self.choice(
            "auto_pad",
            &[
                ("NOTSET", None),
                ("VALID", Some(Padding::Explicit([0; 4]))),
                ("SAME_UPPER", Some(Padding::SameUpper)),
                ("SAME_LOWER", Some(Padding::SameLower)),
            ]
            .each_ref()
            .map(|(text, padding)| (*text, padding.as_ref())),
        )?;
        if let Some(padding) = automatic {
            return Ok(padding.clone());
        }
        let pads = pads.unwrap_or_else(|| vec![0; 4]);
        match pads.as_slice() {
            amounts if amounts.iter().any(|pad| !(0..=MOST).contains(pad)) => {
                Err(self.refused(&format!("attribute pads is {pads:?}, expected amounts of 0 to {MOST}")))
            }
            [top, left, bottom, right] | [_, top, left, _, bottom, right] => {
                Ok(Padding::Explicit([*top as usize, *left as usize, *bottom as usize, *right as usize]))
            }
            [left, right] => Ok(Padding::Explicit([0, *left as usize, 0, *right as usize])),
            _ => Err(self.refused(&format!(
                "attribute pads is {pads:?}, expected four amounts, or six where volumes have a depth"
            ))),
        }
    }

    /// Makes sure that windows are for values of as many dimensions as `of`, beside batch and channels.
    pub(super) fn spatial(&self, of: usize) -> Result<()> {
        for (name, each) in [("kernel_shape", 1), ("strides", 1), ("dilations", 1), ("pads", 2)] {
            let found = self.integers(name)?.map_or(0, |list| list.len());
            if found != 0 && found != each * of {
                return Err(self.refused(&format!("attribute {name} has {found} numbers, expected {}", each * of)));
            }
        }
        Ok(())
    }

    pub(super) fn pool(&self) -> Result<Pool> {
        let Some(kernel) = self.integers("kernel_shape")?.filter(|kernel| !kernel.is_empty()) else {
            return Err(self.refused("attribute kernel_shape is missing"));
        };
        self.spatial(kernel.len())?;
        let size = self.pair("kernel_shape", 1)?;
        // Sizes that `pair` found in range.
        let slices = kernel.first().filter(|_| kernel.len() == 3).and_then(|slices| usize::try_from(*slices).ok());
        Ok(Pool {
            line: kernel.len() == 1,
            depth: slices.map(|slices| self.depth(slices)).transpose()?,
            kernel: size,
            stride: self.pair("strides", 1)?,
            padding: self.padding()?,
            dilation: self.pair("dilations", 1)?,
            round_up: self.flag("ceil_mode")?,
        })
    }

    /// Puts what an older operator set gives as an attribute where newer ones have an input.
    pub(super) fn as_input(&self, index: usize, attribute: &str, array: Option<Array>) {
        let Some(array) = array else { return };
        // No file can have a value of this name.
        let name = format!("{}{BETWEEN}{attribute}", self.node.output.first().map_or("", String::as_str));
        self.constants.borrow_mut().insert(name.clone(), array);
        let mut inputs = self.inputs.borrow_mut();
        if inputs.len() <= index {
            inputs.resize(index + 1, String::new());
        }
        inputs[index] = name;
    }

    /// A list of axes, sizes or amounts: an attribute before operator set `since`, an input from then on.
    pub(super) fn list(&self, attribute: &str, index: usize, since: i64) -> Result<()> {
        if self.version < since {
            self.as_input(index, attribute, self.integers(attribute)?.map(Array::list));
        }
        Ok(())
    }

    /// A constant that an input names, if it is one.
    pub(super) fn constant(&self, index: usize) -> Option<Array> {
        let inputs = self.inputs.borrow();
        let name = inputs.get(index).filter(|name| !name.is_empty())?;
        self.constants.borrow().get(name).cloned()
    }

    /// Whether an input is given.
    pub(super) fn has(&self, index: usize) -> bool {
        self.inputs.borrow().get(index).is_some_and(|name| !name.is_empty())
    }

    /// The kind of number that an attribute names by ONNX's number for it; 0 names none.
    pub(super) fn kind(&self, name: &str) -> Result<Option<Kind>> {
        match self.integer(name, 0)? {
            0 => Ok(None),
            number => super::types::kind(number as i32)
                .map(Some)
                .ok_or_else(|| self.refused(&format!("{name} {}", super::types::name(number as i32)))),
        }
    }

    /// What no operator has read.
    pub(super) fn unread(&self) -> Option<String> {
        let read = self.read.borrow();
        let unread = self.node.attribute.iter().find(|attribute| !read.contains(&attribute.name.as_str()))?;
        Some(unread.name.clone())
    }

    pub(super) fn refused(&self, why: &str) -> Error {
        Error::Model(format!(
            "{}: node `{}` ({}, operator set {}): {why}",
            self.file, self.name, self.node.op_type, self.version
        ))
    }
}

/// The largest size of a kernel, a stride or a padding.
const MOST: i64 = 1 << 16;

fn attribute_type(number: i32) -> &'static str {
    match number {
        FLOAT => "a number",
        INT => "a whole number",
        STRING => "a text",
        TENSOR => "a tensor",
        5 => "a graph",
        FLOATS => "a list of numbers",
        INTS => "a list of whole numbers",
        _ => "of another type",
    }
}

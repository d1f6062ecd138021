//! The attributes of a node, by name and type.

use super::proto::{AttributeProto, NodeProto};
use crate::graph::operator::{Padding, Pool};
use crate::{Error, Result};

/// Looks attributes up and names the node in every complaint.
pub(super) struct Attributes<'a> {
    pub(super) file: &'a str,
    pub(super) node: &'a NodeProto,
    pub(super) name: &'a str,
}

impl<'a> Attributes<'a> {
    pub(super) fn find(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn float(&self, name: &str, default: f32) -> f32 {
        self.find(name).map_or(default, |attribute| attribute.f)
    }

    pub(super) fn integer(&self, name: &str, default: i64) -> i64 {
        self.find(name).map_or(default, |attribute| attribute.i)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.integer(name, 0) != 0
    }

    pub(super) fn integers(&self, name: &str) -> Option<Vec<i64>> {
        self.find(name).map(|attribute| attribute.ints.clone())
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.find(name).map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned()).unwrap_or_default()
    }

    /// Two sizes, for rows and columns.
    pub(super) fn pair(&self, name: &str, default: usize) -> Result<[usize; 2]> {
        let Some(list) = self.integers(name).filter(|list| !list.is_empty()) else {
            return Ok([default; 2]);
        };
        match list.as_slice() {
            [rows, columns] if *rows > 0 && *columns > 0 => Ok([*rows as usize, *columns as usize]),
            _ => Err(self.refused(&format!(
                "attribute {name} is {list:?}, expected two sizes above 0: only two-dimensional images are supported"
            ))),
        }
    }

    pub(super) fn padding(&self) -> Result<Padding> {
        match self.text("auto_pad").as_str() {
            "" | "NOTSET" => {}
            "VALID" => return Ok(Padding::Explicit([0; 4])),
            "SAME_UPPER" => return Ok(Padding::SameUpper),
            "SAME_LOWER" => return Ok(Padding::SameLower),
            other => return Err(self.refused(&format!("attribute auto_pad is {other}"))),
        }
        let pads = self.integers("pads").filter(|pads| !pads.is_empty()).unwrap_or_else(|| vec![0; 4]);
        match pads.as_slice() {
            [top, left, bottom, right] if pads.iter().all(|pad| *pad >= 0) => {
                Ok(Padding::Explicit([*top as usize, *left as usize, *bottom as usize, *right as usize]))
            }
            _ => Err(self.refused(&format!("attribute pads is {pads:?}, expected four amounts of at least 0"))),
        }
    }

    pub(super) fn pool(&self) -> Result<Pool> {
        if self.find("kernel_shape").is_none() {
            return Err(self.refused("attribute kernel_shape is missing"));
        }
        Ok(Pool {
            kernel: self.pair("kernel_shape", 1)?,
            stride: self.pair("strides", 1)?,
            padding: self.padding()?,
            dilation: self.pair("dilations", 1)?,
            round_up: self.flag("ceil_mode"),
        })
    }

    pub(super) fn refused(&self, why: &str) -> Error {
        Error::Model(format!("{}: node `{}` ({}): {why}", self.file, self.name, self.node.op_type))
    }
}

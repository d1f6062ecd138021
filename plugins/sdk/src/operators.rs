//! `+ - * /` of tensors with tensors and numbers, owned or borrowed.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::bindings::imports::tensors::Tensor as Handle;
use crate::tensor::Tensor;

/// One operator: `tensor op tensor` by a call of the contract; with a number on the right or on
/// the left by a function of both.
macro_rules! operator {
    ($trait:ident, $method:ident, $call:path, $right:expr, $left:expr) => {
        operator!(@tensors $trait, $method, $call, Tensor, Tensor);
        operator!(@tensors $trait, $method, $call, Tensor, &Tensor);
        operator!(@tensors $trait, $method, $call, &Tensor, Tensor);
        operator!(@tensors $trait, $method, $call, &Tensor, &Tensor);
        operator!(@numbers $trait, $method, Tensor, $right, $left);
        operator!(@numbers $trait, $method, &Tensor, $right, $left);
    };
    (@tensors $trait:ident, $method:ident, $call:path, $left:ty, $right:ty) => {
        impl $trait<$right> for $left {
            type Output = Tensor;
            fn $method(self, other: $right) -> Tensor {
                self.with(&other, $call)
            }
        }
    };
    (@numbers $trait:ident, $method:ident, $tensor:ty, $right:expr, $left:expr) => {
        impl $trait<f32> for $tensor {
            type Output = Tensor;
            fn $method(self, number: f32) -> Tensor {
                let apply: fn(&Tensor, f32) -> Tensor = $right;
                apply(&self, number)
            }
        }
        impl $trait<$tensor> for f32 {
            type Output = Tensor;
            fn $method(self, tensor: $tensor) -> Tensor {
                let apply: fn(&Tensor, f32) -> Tensor = $left;
                apply(&tensor, self)
            }
        }
    };
}

operator!(Add, add, Handle::add, |x, a| x.affine(1.0, a), |x, a| x.affine(1.0, a));
operator!(Sub, sub, Handle::subtract, |x, a| x.affine(1.0, -a), |x, a| x.affine(-1.0, a));
operator!(Mul, mul, Handle::multiply, |x, a| x.affine(a, 0.0), |x, a| x.affine(a, 0.0));
operator!(Div, div, Handle::divide, |x, a| x.affine(1.0 / a, 0.0), |x, a| x.power(-1.0).affine(a, 0.0));

impl Neg for Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        self.affine(-1.0, 0.0)
    }
}

impl Neg for &Tensor {
    type Output = Tensor;
    fn neg(self) -> Tensor {
        self.affine(-1.0, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Error;
    use crate::tensor::Tensor;

    #[test]
    fn the_first_error_survives_a_formula() {
        let failed = || Tensor::from(Error::non_finite("first"));
        let formula = 2.0 * (1.0 - &failed()) / 3.0 + failed() * &Tensor::from(Error::Cancelled);
        match formula.blend(&failed(), &failed()).check() {
            Err(Error::NonFinite(refusal)) => assert_eq!(refusal.text, "first"),
            other => panic!("expected the first error, found {other:?}"),
        }
    }
}

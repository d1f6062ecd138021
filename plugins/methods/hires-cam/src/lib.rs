//! HiRes-CAM: feature maps times their gradients, place by place, so that only places show that the model used.
//!
//! cam = ReLU(sum_k (d f_c / d A_k) A_k), elementwise (Draelos and Carin 2020, "Use HiResCAM instead of Grad-CAM
//! for faithful explanations of convolutional neural networks"). Where the layer feeds one linear layer,
//! the CAM before the ReLU (`rectify=false`) sums to the score less its bias.

use lacuna_plugin::{Error, Explanation, Info, Method, Request, export_method};
use lacuna_toolkit::cam;

struct HiResCam;

impl Method for HiResCam {
    fn describe() -> Info {
        cam::described(Info::new(
            "hires-cam",
            env!("CARGO_PKG_VERSION"),
            "Feature maps of a layer times their gradients (Draelos and Carin 2020)",
        ))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        cam::explain(&request, |layer| (&layer.activations * &layer.gradient).sum(&[1]))
    }
}

export_method!(HiResCam);

//! Layer-CAM: feature maps times their positive gradients, place by place; of use for early layers too.
//!
//! cam = ReLU(sum_k ReLU(d f_c / d A_k) A_k), elementwise (Jiang, Zhang, Hou, Cheng and Wei 2021, "LayerCAM:
//! exploring hierarchical class activation maps for localization").

use lacuna_plugin::{Error, Explanation, Info, Method, Request, export_method};
use lacuna_toolkit::cam;

struct LayerCam;

impl Method for LayerCam {
    fn describe() -> Info {
        cam::described(Info::new(
            "layer-cam",
            env!("CARGO_PKG_VERSION"),
            "Feature maps of a layer times their positive gradients (Jiang 2021)",
        ))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        cam::explain(&request, |layer| (&layer.activations * layer.gradient.relu()).sum(&[1]))
    }
}

export_method!(LayerCam);

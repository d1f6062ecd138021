//! Grad-CAM: the feature maps of a layer, weighted by their mean gradients.
//!
//! cam = ReLU(sum_k w_k A_k) with w_k = mean over pixels of d f_c / d A_k (Selvaraju, Cogswell, Das, Vedantam,
//! Parikh and Batra 2017, Eq. 1 and 2), for the feature maps A (N, K, h, w) of a layer; the map is the CAM on the
//! image's grid, bilinear. The extra `cam` (N, 1, h, w) is Captum's `LayerGradCam` with `relu_attributions`.

use lacuna_plugin::{Error, Explanation, Info, Method, Request, export_method};
use lacuna_toolkit::cam;

struct GradCam;

impl Method for GradCam {
    fn describe() -> Info {
        cam::described(Info::new(
            "grad-cam",
            env!("CARGO_PKG_VERSION"),
            "Feature maps of a layer, weighted by their mean gradients (Selvaraju 2017)",
        ))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        cam::explain(&request, |layer| {
            let weights = layer.gradient.mean(&layer.cells);
            (weights * &layer.activations).sum(&[1])
        })
    }
}

export_method!(GradCam);

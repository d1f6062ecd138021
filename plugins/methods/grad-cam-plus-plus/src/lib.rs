//! Grad-CAM++: weights that count each place of a feature map for itself, so that several objects all show.
//!
//! cam = ReLU(sum_k w_k A_k) with w_k = sum over pixels of alpha ReLU(g), g = d f_c / d A_k and
//! alpha = g^2 / (2 g^2 + (sum over pixels of A_k) g^3) (Chattopadhay, Sarkar, Howlader and Balasubramanian
//! 2018, Eq. 5, 10 and 19, whose score is exp(f_c)). Only g > 0 counts, so alpha = 1 / (2 + ReLU(g) sum A_k),
//! which needs no small number against 0 / 0. The paper's factor exp(f_c), the same for a whole image, is left
//! out. A is taken as the output of a ReLU: a negative sum counts as 0.

use lacuna_plugin::{Error, Explanation, Info, Method, Request, export_method};
use lacuna_toolkit::cam;

struct GradCamPlusPlus;

impl Method for GradCamPlusPlus {
    fn describe() -> Info {
        cam::described(Info::new(
            "grad-cam-plus-plus",
            env!("CARGO_PKG_VERSION"),
            "Feature maps of a layer, weighted by the gradients of each place (Chattopadhay 2018)",
        ))
    }

    fn explain(request: Request<'_>) -> Result<Explanation, Error> {
        cam::explain(&request, |layer| {
            let positive = layer.gradient.relu();
            let evidence = layer.activations.sum(&layer.cells).relu();
            let weights = (&positive / (&positive * evidence + 2.0)).sum(&layer.cells);
            (weights * &layer.activations).sum(&[1])
        })
    }
}

export_method!(GradCamPlusPlus);

// A perturbation in JavaScript: deletes regions by blurring them.
//
// Phi(x; m) = m x + (1 - m) R (Uzunova 2019, Eq. 2), where the reference R is the image, blurred.

export const description = {
  // What users see in `lacuna plugins inspect javascript-blur`. The name is what they type.
  describe() {
    const sigma = {
      name: "sigma",
      summary: "Standard deviation of the Gaussian, on the classifier's grid",
      kind: { tag: "number", val: { default: 10, minimum: 0, maximum: 200 } },
      unit: "pixels",
      source: "Fong and Vedaldi 2017, Sec. 4.1, for 224 x 224",
    };
    return {
      name: "javascript-blur",
      version: "0.1.0",
      summary: "Replaces deleted regions by a Gaussian blur of the image, in JavaScript",
      needs: [],
      parameters: [sigma],
      presets: [],
    };
  },
};

class Perturbation {
  constructor(images, reference) {
    this.images = images;
    this.reference = reference;
  }

  // Called in every step with a mask (N, 1, H, W), where 1 keeps the pixel. Gradients flow back through it.
  apply(mask) {
    // JavaScript collects garbage when it likes: what is done with is handed back at once, so that it does not pile up.
    const kept = mask.multiply(this.images);
    const rest = mask.affine(-1, 1);
    const deleted = rest.multiply(this.reference);
    try {
      return kept.add(deleted);
    } finally {
      for (const tensor of [kept, rest, deleted]) tensor[Symbol.dispose || Symbol.for("dispose")]();
    }
  }
}

export const perturbations = {
  Perturbation,

  // Called once for a batch of images (N, C, H, W) in [0, 1]. Settings hold every parameter.
  create(images, settings, seed) {
    const values = Object.fromEntries(settings.map((setting) => [setting.name, setting.value.val]));
    // The images are lent for this call only: a second handle stays.
    return new Perturbation(images.share(), images.gaussianBlur(Float32Array.of(values.sigma)));
  },
};

// A perturbation that tries what no plugin gets, as its parameter `misbehaviour` says, in every use of `apply`.
//
// What it learns it says in a message, so that a test can compare.

const misbehaviours = {
  none() {},
  clock() {
    console.log(`clock ${Date.now()} ${performance.now()}`);
  },
  draw() {
    console.log(`drawn ${Math.random()} ${Math.random()}`);
  },
  failure() {
    throw new Error("not today");
  },
  refuse() {
    throw { tag: "unsupported", val: { text: "images of this kind cannot be deleted", remedies: [] } };
  },
  "endless-loop"() {
    for (;;);
  },
  hoard() {
    for (const held = []; ; ) held.push(new Uint8Array(16 << 20));
  },
};

export const description = {
  describe() {
    const kind = { tag: "choice", val: { default: "none", options: Object.keys(misbehaviours) } };
    return {
      name: "javascript-hostile",
      version: "0.1.0",
      summary: "Misbehaves",
      needs: [],
      parameters: [{ name: "misbehaviour", summary: "What it does", kind, unit: "", source: "" }],
      presets: [],
    };
  },
};

class Perturbation {
  constructor(images, misbehaviour) {
    this.images = images;
    this.misbehaviour = misbehaviour;
  }

  apply(mask) {
    misbehaviours[this.misbehaviour]();
    return mask.multiply(this.images);
  }
}

export const perturbations = {
  Perturbation,

  create(images, settings, seed) {
    return new Perturbation(images.share(), settings[0].value.val);
  },
};

"""The script of `slider`: it replaces the picture beside it by canvases, a slider and a choice of views."""

SCRIPT = r"""function (data) {
  const own = document.currentScript;
  const root = own ? own.parentNode : document.querySelector(".lacuna-slider:not([data-on])");
  if (!root) return;
  root.dataset.on = "";
  const SIDE = [384, 288, 240][data.figures.length - 1] || 200;
  const STOPS = [[0, 0, 4], [31, 12, 72], [85, 15, 109], [136, 34, 106], [186, 54, 85], [227, 89, 51], [249, 140, 10],
    [249, 201, 50], [252, 255, 164]];
  const CONTOUR = [64, 224, 255];

  function element(kind, style, text, inside) {
    const made = document.createElement(kind);
    made.style.cssText = style;
    if (text) made.textContent = text;
    if (inside) inside.append(made);
    return made;
  }
  // The colours of inferno between their stops.
  function colour(value) {
    const place = value * (STOPS.length - 1), below = Math.min(STOPS.length - 2, Math.floor(place));
    return STOPS[below].map((low, c) => low + (STOPS[below + 1][c] - low) * (place - below));
  }
  function loaded(text) {
    return new Promise((done, failed) => {
      const picture = new Image();
      picture.onload = () => done(picture);
      picture.onerror = failed;
      picture.src = "data:image/png;base64," + text;
    });
  }
  // The pixels of a picture at the canvas's size; a map is smoothed between its pixels, an image is not.
  function pixels(picture, width, height, smooth) {
    const canvas = document.createElement("canvas");
    canvas.width = width;
    canvas.height = height;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = smooth;
    context.drawImage(picture, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  }

  function figure(told, found, parent) {
    const image = found[told.image];
    const longer = Math.max(image.width, image.height), factor = Math.max(1, Math.ceil(SIDE / longer));
    const width = image.width * factor, height = image.height * factor;
    const shown = Math.round(SIDE * image.width / longer) + "px";
    const box = element("figure", "margin:0;max-width:100%", "", parent);
    const canvas = element("canvas", "display:block;max-width:100%;width:" + shown, "", box);
    canvas.width = width;
    canvas.height = height;
    element("figcaption", "font-size:85%;margin-top:2px;max-width:" + shown, told.title, box);
    const perturbed = told.perturbed === null ? null : pixels(found[told.perturbed], width, height, factor < 2);
    const plain = pixels(image, width, height, factor < 2);
    const map = pixels(found[told.map], width, height, true);
    const context = canvas.getContext("2d"), drawn = context.createImageData(width, height);
    function draw(threshold, view) {
      const cut = Math.max(1, threshold * 255), out = drawn.data;
      let inside = 0;
      for (let y = 0, at = 0; y < height; y++) for (let x = 0; x < width; x++, at += 4) {
        const value = map[at], kept = value >= cut;
        inside += kept;
        const right = x + 1 < width && map[at + 4] >= cut, below = y + 1 < height && map[at + 4 * width] >= cut;
        const edge = x + 1 < width && y + 1 < height && (kept !== right || kept !== below);
        const from = view === "perturbed" && perturbed ? perturbed : plain;
        const heat = view === "map" ? colour(value / 255) : null;
        const opacity = heat ? (kept ? 0.55 : 0.2) * value / 255 : 0;
        const light = view === "region" && !kept ? 0.15 : 1;
        for (let c = 0; c < 3; c++) {
          let shown = from[at + c] * light;
          if (heat) shown += (heat[c] - shown) * opacity;
          out[at + c] = edge && view !== "image" ? CONTOUR[c] : shown;
        }
        out[at + 3] = 255;
      }
      context.putImageData(drawn, 0, 0);
      return inside / (width * height);
    }
    return { draw, zero: !map.some((value, at) => at % 4 === 0 && value > 0) };
  }

  Promise.all(data.pictures.map(loaded)).then(found => {
    const whole = element("div", "max-width:100%");
    const row = element("div", "display:flex;flex-wrap:wrap;gap:8px", "", whole);
    if (data.columns) row.style.cssText = "display:grid;gap:8px;grid-template-columns:repeat(" + data.columns + ",max-content)";
    const figures = data.figures.map(told => figure(told, found, row));
    const bar = element("div", "display:flex;flex-wrap:wrap;gap:4px 14px;align-items:center;margin-top:6px", "", whole);
    const label = element("label", "display:flex;gap:6px;align-items:center", "threshold", bar);
    const slider = element("input", "width:180px", "", label);
    Object.assign(slider, { type: "range", min: 0, max: 100, value: 50 });
    // JupyterLab takes the arrows for itself elsewhere.
    slider.dataset.lmSuppressShortcuts = "true";
    const said = element("output", "min-width:19em;font-variant-numeric:tabular-nums", "", bar);
    const views = element("div", "display:flex;gap:10px", "", bar);
    let view = "map";
    const names = { map: "map", region: "only the region", image: "image" };
    if (data.figures.some(told => told.perturbed !== null)) names.perturbed = "perturbed image";
    const chosen = Object.keys(names).map(name => {
      const option = element("label", "display:flex;gap:3px;align-items:center", "", views);
      const button = element("input", "margin:0", "", option);
      button.type = "radio";
      button.value = name;
      button.dataset.lmSuppressShortcuts = "true";
      button.checked = name === view;
      option.append(names[name]);
      button.addEventListener("change", () => {
        view = name;
        chosen.forEach(other => { other.checked = other.value === view; });
        draw();
      });
      return button;
    });
    // There is nothing above a threshold in a map that is zero everywhere.
    slider.disabled = figures.every(one => one.zero);
    function draw() {
      const shares = figures.map(one => one.draw(slider.value / 100, view));
      const percent = shares.map(share => (100 * share).toFixed(1)).join(", ");
      said.textContent = slider.disabled ? "the map is zero everywhere"
        : "above " + slider.value + " % of the maximum: " + percent + " % of the pixels";
    }
    slider.addEventListener("input", draw);
    draw();
    root.replaceChildren(whole);
  }).catch(() => {});
}"""

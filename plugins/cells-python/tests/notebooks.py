"""Runs the gallery through Jupyter's own client, exports it, and moves the sliders of the exported pages in a browser.

    python notebooks.py --lacuna target/release/lacuna --component cells_python.wasm [--keep DIR]

Needs nbclient, nbconvert and nbformat. A code cell's metadata says what it shows, as `"shows": ["image/png", "stream", ...]`.
The browser is `chromium` on the path, or what LACUNA_CHROMIUM names; without one the pages are only written.
"""

import argparse
import html
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

GALLERY = pathlib.Path(__file__).resolve().parents[1] / "notebooks"
LONGEST = 60
"""Seconds that a notebook may take on two cores."""
LARGEST = 700_000
"""Bytes of the HTML of one output: five explanations side by side."""

PROBE_START = "<script>window.failures = []; addEventListener('error', e => failures.push(String(e.message)));</script>"
PROBE = r"""<script>
let looks = 0;
addEventListener("load", function probe() {
  const pieces = [...document.querySelectorAll(".lacuna-slider")];
  // Pictures are decoded beside the page's clock, which the browser lets run ahead.
  if (!pieces.every(piece => piece.querySelector("canvas")) && looks++ < 100) return setTimeout(probe, 500);
  const drawn = () => pieces.map(piece => [...piece.querySelectorAll("canvas")].map(canvas => canvas.toDataURL()).join());
  const found = pieces.map((piece, index) => {
    const told = { canvases: piece.querySelectorAll("canvas").length, stills: piece.querySelectorAll("img").length };
    const slider = piece.querySelector("input[type=range]");
    if (!slider) return told;
    told.zero = slider.disabled;
    const act = (control, change, event) => {
      const before = drawn(), said = piece.querySelector("output").textContent;
      change(control);
      control.dispatchEvent(new Event(event));
      const after = drawn();
      return {
        own: before[index] !== after[index],
        others: before.some((one, other) => other !== index && one !== after[other]),
        said: said !== piece.querySelector("output").textContent,
      };
    };
    told.moved = act(slider, control => { control.value = 20; }, "input");
    told.views = [...piece.querySelectorAll("input[type=radio]")].slice(1).map(
      control => act(control, () => { control.checked = true; }, "change").own);
    return told;
  });
  const answer = document.createElement("pre");
  answer.id = "probe";
  answer.textContent = JSON.stringify({ pieces: found, failures: window.failures });
  document.body.append(answer);
});
</script>"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--lacuna", required=True, type=pathlib.Path, help="the program")
    arguments.add_argument("--component", required=True, type=pathlib.Path, help="the interpreter of cells")
    arguments.add_argument("--keep", type=pathlib.Path, help="a folder for the executed notebooks and their pages")
    given = arguments.parse_args()
    browser = os.environ.get("LACUNA_CHROMIUM") or shutil.which("chromium")
    print("the browser is", browser or "missing: sliders are not moved")
    problems = []
    with tempfile.TemporaryDirectory(prefix="lacuna-gallery-") as temporary:
        work = pathlib.Path(temporary)
        install(given.lacuna.resolve(), given.component.resolve(), work)
        shutil.copytree(GALLERY, work / "gallery", ignore=shutil.ignore_patterns("saved", ".*"))
        keep = given.keep or work / "pages"
        keep.mkdir(parents=True, exist_ok=True)
        for path in sorted((work / "gallery").glob("*.ipynb")):
            found = run(path, keep)
            if browser:
                found += move(browser, keep / f"{path.stem}.html", work)
            problems += [f"{path.stem}: {problem}" for problem in found]
        saved = sorted(folder.name for folder in (work / "gallery/saved").iterdir())
        if saved != ["fill"]:
            problems.append(f"the saved plugins are {saved}")
    print("\n".join(problems) or "the gallery runs")
    sys.exit(bool(problems))


def install(program, component, work):
    """Makes the kernel known to this process's Jupyter, and to nobody else's."""
    os.environ.setdefault("XDG_DATA_HOME", str(work / "data"))
    command = [program, "kernel", "install", "--component", component, "--prefix", work / "prefix"]
    subprocess.run(command, check=True)
    os.environ["JUPYTER_PATH"] = str(work / "prefix/share/jupyter")
    os.environ["JUPYTER_RUNTIME_DIR"] = str(work / "runtime")


def run(path, keep):
    """Executes a notebook and exports it; returns what is not as it should be."""
    book = nbformat.read(path, as_version=4)
    problems = [f"the cell {cell.id} keeps outputs" for cell in book.cells if cell.get("outputs")]
    started = time.monotonic()
    client = NotebookClient(
        book, timeout=120, kernel_name="lacuna", allow_errors=True, resources={"metadata": {"path": path.parent}}
    )
    client.execute()
    took = time.monotonic() - started
    print(f"{path.stem}: {took:.1f} s")
    if took > LONGEST:
        problems.append(f"took {took:.0f} s")
    for cell in book.cells:
        problems += checked(cell) if cell.cell_type == "code" else []
    nbformat.write(book, keep / path.name)
    page, _ = HTMLExporter().from_notebook_node(book)
    (keep / f"{path.stem}.html").write_text(page)
    return problems


def checked(cell):
    """What is wrong with the outputs of a cell."""
    kinds, problems = set(), []
    for output in cell.outputs:
        if output.output_type == "error":
            problems.append(f"the cell {cell.id} failed: {output.ename}: {output.evalue}")
        kinds |= {"stream"} if output.output_type == "stream" else set(output.get("data", {}))
        text = output.get("data", {}).get("text/html", "")
        if len(text) > LARGEST:
            problems.append(f"the cell {cell.id} shows {len(text)} bytes of HTML")
        if "lacuna-slider" in text and "<img" not in text.partition("<script>")[0]:
            problems.append(f"the cell {cell.id} shows nothing without scripts")
    if sorted(kinds) != cell.metadata.shows:
        problems.append(f"the cell {cell.id} shows {sorted(kinds)}, expected {cell.metadata.shows}")
    return problems


def move(browser, page, work):
    """Moves every slider of an exported page, and returns what does not follow."""
    text = page.read_text()
    probed = work / "probed.html"
    probed.write_text(text.replace("<head>", f"<head>{PROBE_START}", 1).replace("</body>", f"{PROBE}</body>", 1))
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work / 'browser'}"]
    # The template names scripts elsewhere, which the pages do not need.
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000", "--dump-dom", probed.as_uri()]
    said = subprocess.run(command, capture_output=True, text=True, timeout=180)
    _, _, answer = said.stdout.partition('<pre id="probe">')
    if not answer:
        return [f"the browser did not answer: {said.stderr[-500:]}"]
    found = json.loads(html.unescape(answer.partition("</pre>")[0]))
    problems = list(found["failures"])
    if len(found["pieces"]) != text.count('class="lacuna-slider"') or not found["pieces"]:
        problems.append(f"the page has {len(found['pieces'])} sliders")
    for index, piece in enumerate(found["pieces"]):
        right = piece.get("zero") or piece.get("moved") == {"own": True, "others": False, "said": True} and all(piece["views"])
        if not (right and piece["canvases"] and not piece["stills"]):
            problems.append(f"slider {index + 1} does not work: {piece}")
    print(f"{page.stem}: {len(found['pieces'])} sliders moved")
    return problems


if __name__ == "__main__":
    main()

//! `kernel`: a script in the sandbox, the kernel made known to Jupyter, and what its users get wrong.

use crate::common::{Bench, PROGRAM};
use lacuna_tests::languages;
use std::{env, fs, path::Path};

#[test]
fn a_script_runs_in_the_sandbox_and_jupyter_learns_of_the_kernel() {
    let Some(component) = languages::interpreter() else { return };
    let bench = Bench::new();
    bench.write("cells.wasm", component);
    let said = bench.run("kernel install --component cells.wasm --prefix jupyter").succeeded();
    assert!(said.out.contains("wasi:filesystem") && said.out.contains("denied"), "{}", said.out);
    let spec = fs::read_to_string(bench.path("jupyter/share/jupyter/kernels/lacuna/kernel.json")).unwrap();
    let spec: serde_json::Value = serde_json::from_str(&spec).unwrap();
    assert_eq!((&spec["language"], &spec["argv"][2]), (&"python".into(), &"run".into()));

    let script =
        "print('hello')\n# %%\ne = explain('lesion-1', target='lesion', steps=3)\ne\n# %%\n1 / 0\n# %%\nprint('no')\n";
    bench.write("script.py", script);
    let said = bench.run("kernel run --script script.py --out shown");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.starts_with("hello\n") && said.out.contains("step 3 of 3"), "{}", said.out);
    assert!(!said.out.contains("no\n") && said.err.contains("cell 3 ended with ZeroDivisionError"), "{}", said.err);
    assert!(said.err.contains("line 6"), "the line of the file: {}", said.err);
    let pictures = fs::read_dir(bench.path("shown")).unwrap().filter_map(Result::ok);
    assert!(pictures.into_iter().any(|file| file.path().extension().is_some_and(|ending| ending == "png")));

    // What a file of grants does not open is not there.
    bench.write("lacuna.toml", "demo = false\n");
    let said = bench.run("kernel run --script script.py");
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.err.contains("no image `lesion-1`") && said.err.contains("lacuna.toml opens none"), "{}", said.err);
    bench.write("lacuna.toml", "demos = true\n");
    let said = bench.run("kernel run --script script.py");
    assert_eq!(said.code, Some(2), "{}", said.err);
    assert!(said.err.contains("lacuna.toml") && said.err.contains("demos"), "{}", said.err);

    let said = bench.run("kernel uninstall --prefix jupyter").succeeded();
    assert!(said.out.contains("is gone") && !bench.path("jupyter/share/jupyter/kernels/lacuna").exists());
}

/// The suite of `host/kernel`, with Python in the sandbox in place of its toy.
#[test]
fn jupyters_clients_are_served_by_cells_in_the_sandbox() {
    let Some(python) = env::var_os("LACUNA_JUPYTER") else {
        assert!(env::var_os("LACUNA_REQUIRE_JUPYTER").is_none(), "LACUNA_JUPYTER names no Python");
        return println!("skipped: LACUNA_JUPYTER names no Python with Jupyter's clients");
    };
    let Some(component) = languages::interpreter() else { return };
    let bench = Bench::new();
    bench.write("cells.wasm", component);
    let interpreter = bench.path("cells.wasm");
    let kernel = ["kernel", "run", "--connection-file", "{connection_file}", "--interpreter"];
    let kernel = [&[PROGRAM], &kernel[..], &[interpreter.to_str().unwrap()]].concat();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernel/tests/protocol");
    let status = bench
        .command(python)
        .args(["-m", "pytest", "-q", "-rfs", "-p", "no:cacheprovider", "."])
        .current_dir(suite)
        .env("LACUNA_KERNEL_COMMAND", serde_json::to_string(&kernel).unwrap())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn what_users_get_wrong_with_a_kernel() {
    let bench = Bench::new();
    bench.write("script.py", "1");
    bench.write("none.wasm", "none");
    for (words, code, part) in [
        ("kernel run", 2, "`--script FILE.py`"),
        ("kernel run --script script.py", 2, "`lacuna kernel install`"),
        ("kernel run --script nowhere.py", 2, "nowhere.py"),
        ("kernel run --script script.py --interpreter none.wasm", 2, "none.wasm"),
        ("kernel run --connection-file nowhere.json", 2, "nowhere.json"),
        ("kernel install --component none.wasm", 2, "none.wasm"),
        ("kernel install --python nowhere", 2, "there is no Python"),
        ("kernel uninstall", 0, "there is no kernel `lacuna`"),
    ] {
        let said = bench.run(words);
        let text = [said.out.as_str(), said.err.as_str()].concat();
        assert!(text.contains(part), "{words}: {text}");
        assert_eq!(said.code, Some(code), "{words}: {text}");
    }
}

//! `lacuna devices`.

use crate::{console::Console, failure::Result};
use lacuna_engine::{Adapter, AdapterKind, adapters, automatic};
use serde::Serialize;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Row {
    /// What `--device` takes.
    device: String,
    name: String,
    kind: &'static str,
    interface: Option<String>,
    driver: Option<String>,
    auto: bool,
}

#[derive(Debug, Serialize)]
struct Listing {
    devices: Vec<Row>,
    why: &'static str,
}

/// Lists every adapter and the CPU backend.
pub fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let found = adapters();
    let listing = listing(&found);
    for row in &listing.devices {
        let mark = if row.auto { "*" } else { " " };
        let details: Vec<&str> = [row.interface.as_deref(), row.driver.as_deref()]
            .into_iter()
            .flatten()
            .filter(|detail| !detail.is_empty())
            .collect();
        let Row { device, name, kind, .. } = row;
        console.say(format!("{mark} {device:10} {name} ({kind}) {}", details.join(", ")).trim_end());
    }
    console.say(&format!("* is what `auto` takes: {}", listing.why));
    console.give(&listing);
    Ok(())
}

fn listing(found: &[Adapter]) -> Listing {
    let chosen = automatic(found);
    let mut real = 0..;
    let mut devices: Vec<Row> = found
        .iter()
        .map(|adapter| Row {
            device: match adapter.kind.is_gpu() {
                true => format!("gpu:{}", real.next().unwrap_or(0)),
                false => first_word(&adapter.name),
            },
            name: adapter.name.clone(),
            kind: kind(adapter.kind),
            interface: Some(adapter.interface.clone()),
            driver: Some(adapter.driver.clone()),
            auto: chosen == Some(adapter),
        })
        .collect();
    devices.push(Row {
        device: "cpu".to_owned(),
        name: "the processor".to_owned(),
        kind: kind(AdapterKind::Cpu),
        interface: None,
        driver: None,
        auto: chosen.is_none(),
    });
    let software = found.iter().any(|adapter| adapter.kind == AdapterKind::Software);
    let why = match chosen.map(|adapter| adapter.kind) {
        Some(AdapterKind::Discrete) => "the first discrete GPU",
        Some(AdapterKind::Integrated) => "the integrated GPU, as there is no discrete one",
        Some(_) => "the virtual GPU, as there is no other",
        None if software => {
            "there is no GPU, and a software adapter, slower than the CPU backend, is taken only by name"
        }
        None => "no GPU and no graphics driver was found",
    };
    Listing { devices, why }
}

fn first_word(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}

fn kind(kind: AdapterKind) -> &'static str {
    match kind {
        AdapterKind::Discrete => "discrete GPU",
        AdapterKind::Integrated => "integrated GPU",
        AdapterKind::Virtual => "virtual GPU",
        AdapterKind::Software => "software adapter, for tests",
        AdapterKind::Cpu => "CPU backend",
        AdapterKind::Embedder => "handed in",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_never_takes_a_software_adapter_and_gpus_are_counted_without_it() {
        let adapter = |name: &str, kind| Adapter {
            name: name.to_owned(),
            interface: "Vulkan".to_owned(),
            driver: String::new(),
            kind,
            index_of_kind: 0,
        };
        let software = adapter("llvmpipe (LLVM 15)", AdapterKind::Software);
        let alone = listing(std::slice::from_ref(&software));
        assert!(alone.devices[1].auto && alone.devices[0].device == "llvmpipe");
        let both = listing(&[software, adapter("A", AdapterKind::Integrated)]);
        assert!(both.devices[1].auto && both.devices[1].device == "gpu:0");
    }
}

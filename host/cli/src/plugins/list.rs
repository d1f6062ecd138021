//! `lacuna plugins list`.

use crate::{console::Console, failure::Result, options::PluginArguments};
use serde_json::json;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    plugins: PluginArguments,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

/// One line for each plugin.
pub fn run(arguments: &Arguments) -> Result<()> {
    let console = Console::new(arguments.json);
    let plugins = arguments.plugins.load(&console)?;
    let mut listed = Vec::new();
    for plugin in plugins.iter() {
        let (role, name, info) = (plugin.role(), plugin.name(), plugin.info());
        console.say(&format!("{:12} {name:24} {:8} {}", role.to_string(), info.version, info.summary));
        console.say(&format!("{:12} {:24} {}", "", "", plugin.origin()));
        listed.push(json!({
            "role": role,
            "name": name,
            "version": info.version,
            "summary": info.summary,
            "origin": plugin.origin(),
            "sha256": plugin.sha256(),
        }));
    }
    console.give(&listed);
    Ok(())
}

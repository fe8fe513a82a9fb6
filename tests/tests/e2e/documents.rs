//! Every example that a reader may copy is accepted by the program as it is.

use std::path::{Path, PathBuf};

use tests::process::Cardata;

use crate::deliveries::{plugins, sources};
use crate::scene::{CLIENT_ID, Said, call_in, end};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs `check` on a file with every variable set that the text names.
async fn check(path: &Path, text: &str) -> Said {
    let mut variables = vec![("CARDATA_CLIENT_ID".to_owned(), CLIENT_ID.to_owned())];
    for piece in text.split("${").skip(1) {
        let name: String = piece
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect();
        if name != "file" && name != "CARDATA_CLIENT_ID" {
            variables.push((name, "a-secret".to_owned()));
        }
    }
    let command = Cardata::start([Path::new("check"), Path::new("--config"), path], |command| {
        command.envs(variables).env_remove("CARDATA_LOG");
    });
    end(command).await
}

/// The blocks of YAML in a page, without the indentation of lists.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.find("```yaml").filter(|&at| line[..at].trim().is_empty()) else {
            continue;
        };
        let block = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push(
            block
                .map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()))
                .collect(),
        );
    }
    blocks
}

/// A whole pipeline around an example of one plugin, or of one key of the file.
fn whole(block: &str) -> String {
    let account = format!("accounts:\n  - name: home\n    client_id: {CLIENT_ID}\n");
    if !block.starts_with("type:") && !block.contains("\ntype:") {
        if block.contains("sinks:") {
            return block.to_owned();
        }
        return format!("{account}sources:\n  - type: telematics\nsinks:\n  - type: stdout\n{block}");
    }
    let mut item = String::new();
    for (index, line) in block.lines().enumerate() {
        item += if index == 0 { "  - " } else { "    " };
        item += line;
        item.push('\n');
    }
    if sources().any(|source| block.lines().any(|line| line == format!("type: {source}"))) {
        return format!("{account}sources:\n{item}sinks:\n  - type: stdout\n");
    }
    format!("{account}sources:\n  - type: telematics\nsinks:\n{item}")
}

#[tokio::test]
async fn every_block_of_yaml_in_the_documents_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let mut pages = [
        "README.md",
        "ARCHITECTURE.md",
        "RECOVERY.md",
        "SECURITY.md",
        "UPGRADING.md",
        "sinks/README.md",
    ]
    .map(|page| root().join(page))
    .to_vec();
    for sink in std::fs::read_dir(root().join("sinks")).unwrap() {
        pages.push(sink.unwrap().path().join("README.md"));
    }
    let mut checked = 0;
    for page in pages.iter().filter(|page| page.is_file()) {
        for block in blocks(&std::fs::read_to_string(page).unwrap()) {
            let text = whole(&block);
            let path = folder.path().join("pipeline.yaml");
            std::fs::write(&path, &text).unwrap();
            let said = check(&path, &text).await;
            assert_eq!(said.code, Some(0), "{}:\n{text}\n{}", page.display(), said.err);
            checked += 1;
        }
    }
    assert!(
        checked >= 10,
        "{checked} blocks: the documents are not read right"
    );
}

#[tokio::test]
async fn every_recipe_is_sound() {
    let mut checked = 0;
    for file in std::fs::read_dir(root().join("configs")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|end| end != "yaml") {
            continue;
        }
        let said = check(&path, &std::fs::read_to_string(&path).unwrap()).await;
        assert_eq!(said.code, Some(0), "{}: {said:?}", path.display());
        checked += 1;
    }
    assert!(checked >= 4, "{checked} recipes");
}

/// What the page says by hand, the program knows.
#[test]
fn the_data_dictionary_names_the_keys_of_each_quantity_in_their_order() {
    let page = std::fs::read_to_string(root().join("crates/catalogue/DICTIONARY.md")).unwrap();
    for quantity in &collector_core::resolved::QUANTITIES {
        let names = quantity.keys.iter().map(|key| catalogue::find(key).unwrap().name);
        let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
        let unit = quantity.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
        let row = format!("| `{}` |{unit} | {} |", quantity.name, names.join(", "));
        assert!(page.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn the_samples_of_the_plugins_are_sound() {
    let folder = tempfile::tempdir().unwrap();
    for plugin in plugins() {
        let said = call_in(folder.path(), &["plugins", plugin]).await;
        let (_, sample) = said.out.split_once("\nSample\n\n").expect("a sample");
        let text = whole(sample);
        let path = folder.path().join("pipeline.yaml");
        std::fs::write(&path, &text).unwrap();
        let said = check(&path, &text).await;
        assert_eq!(said.code, Some(0), "{plugin}:\n{text}\n{}", said.err);
    }
}

#[tokio::test]
async fn the_schema_in_the_tree_is_what_the_program_prints() {
    let said = call_in(&root(), &["schema"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let kept = std::fs::read_to_string(root().join("configs/pipeline.schema.json")).unwrap();
    assert!(
        said.out == kept,
        "configs/pipeline.schema.json is stale: `cargo xtask codegen` writes it"
    );
}

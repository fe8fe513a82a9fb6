//! What is wrong with the page in a tab. An empty list says: nothing.

use serde_json::{Value, json};

use super::Browser;

/// axe-core finds what keeps people with disabilities from using a page.
const AXE: &str = include_str!("vendor/axe.min.js");

/// The outermost elements that reach beyond the viewport, with how far. What scrolls by itself may hold wide things.
const OVERFLOW: &str = r#"
const width = document.documentElement.clientWidth;
const scrolls = element => getComputedStyle(element).overflowX !== 'visible';
const found = [];
const look = element => {
  const box = element.getBoundingClientRect();
  if (box.width > 0 && (box.right > width + 0.5 || box.left < -0.5)) {
    const name = element.tagName.toLowerCase() + (element.id && '#' + element.id)
      + [...element.classList].map(name => '.' + name).join('');
    found.push(`${name} from ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`);
    return;
  }
  if (element === document.body || !scrolls(element)) [...element.children].forEach(look);
};
look(document.body);
const total = document.documentElement.scrollWidth;
if (total > width && !found.length) found.push(`the page itself: ${total} of ${width}`);
return found;
"#;

/// Rules of WCAG 2.2 up to AA, and what axe-core holds to be good practice.
const VIOLATIONS: &str = r#"
const told = arguments[0];
axe.run(document, { resultTypes: ['violations'] }).then(
  result => told(result.violations.flatMap(rule => rule.nodes.map(node =>
    `${rule.id} (${rule.impact}): ${rule.help}: ${node.target.join(' ')}: ${node.html.slice(0, 200)}`))),
  error => told([`axe-core failed: ${error}`]));
"#;

impl Browser {
    /// Elements that are wider than the viewport, as `main.class from 0 to 500 of 360`.
    pub async fn overflow(&self) -> Vec<String> {
        lines(self.script(OVERFLOW).await)
    }

    /// What the browser has complained about since it was last asked: errors of scripts, what could not be loaded,
    /// what the page's policy (CSP) forbade.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.driver.post("se/log", &json!({ "type": "browser" })).await;
        let entries = log.as_array().expect("the log is a list").iter();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE" || entry["source"] == "security");
        severe
            .map(|entry| format!("{}: {}", entry["source"], entry["message"]))
            .collect()
    }

    /// What axe-core finds, a line an element. Colours are among it, so each colour scheme has its own answer.
    pub async fn violations(&self) -> Vec<String> {
        self.script(AXE).await;
        let run = json!({ "script": VIOLATIONS, "args": [] });
        lines(self.driver.post("execute/async", &run).await)
    }
}

fn lines(answer: Value) -> Vec<String> {
    serde_json::from_value(answer).expect("a page's findings are a list of lines")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn axe_core_is_what_its_word_says() {
        let sum: String = Sha256::digest(AXE)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let word = include_str!("vendor/README.md");
        let version = AXE.lines().next().unwrap().trim_start_matches("/*! axe v");
        assert!(word.contains(&sum), "{sum}");
        assert!(word.contains(&format!("axe-core {version} by")), "{version}");
    }
}

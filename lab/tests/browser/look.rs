//! What can be measured of how a page looks.

use super::Browser;
use thirtyfour::Key;

/// Luminance by WCAG 2.2, of colours in whatever notation, and of what lies behind an element.
const LUMINANCE: &str = r#"
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
function rgba(color) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data;
}
function luminance([red, green, blue]) {
  const linear = (part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
function behind(element) {
  for (; element; element = element.parentElement) {
    const color = rgba(getComputedStyle(element).backgroundColor);
    if (color[3] === 255) return color;
  }
  return rgba(matchMedia("(prefers-color-scheme: dark)").matches ? "black" : "white");
}
"#;

/// Each text with its contrast to what lies behind it, where that is less than WCAG 2.2 (1.4.3) asks for.
const LOW_CONTRAST: &str = r#"
const found = [];
const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (texts.nextNode()) {
  const element = texts.currentNode.parentElement;
  const text = texts.currentNode.textContent.trim();
  if (!text || !element.checkVisibility() || ["SCRIPT", "STYLE", "NOSCRIPT"].includes(element.tagName)) continue;
  const style = getComputedStyle(element);
  const [one, other] = [luminance(rgba(style.color)), luminance(behind(element))].sort((a, b) => b - a);
  const large = parseFloat(style.fontSize) >= 24;
  const contrast = (one + 0.05) / (other + 0.05);
  if (contrast < (large ? 3 : 4.5)) found.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
}
return found;
"#;

/// The innermost elements that reach over the right edge of a page that scrolls sideways, or, on a view of the lab, over
/// the edge that its frame leaves for it; what scrolls within a region of its own may.
const SIDEWAYS: &str = r#"
const page = document.documentElement;
const right = (element) => element.getBoundingClientRect().right;
if (page.scrollWidth <= page.clientWidth) {
  const main = document.querySelector("main#main");
  if (!main) return [];
  const edge = right(main) - parseFloat(getComputedStyle(main).paddingRight) + 0.5;
  const isCut = (element) => element !== null && (getComputedStyle(element).clipPath !== "none" || isCut(element.parentElement));
  const wide = [...main.querySelectorAll("*")].filter((element) =>
    element.checkVisibility() && right(element) > edge && !isCut(element) && !element.parentElement.closest("[role=region]"));
  return wide.slice(-12).map((element) => element.outerHTML.slice(0, 120));
}
const wide = [...document.body.querySelectorAll("*")].filter((element) => right(element) > page.clientWidth);
return [`${page.scrollWidth} pixels`, ...wide.slice(-12).map((element) => element.outerHTML.slice(0, 120))];
"#;

/// The element that has the keyboard's focus: what it is, whether that can be seen, whether it is in the window.
const FOCUSED: &str = r#"
const element = document.activeElement;
const style = getComputedStyle(element);
const box = element.getBoundingClientRect();
const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
const name = `${element.tagName} ${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 40)}`;
return [element === document.body ? "" : name, outlined || style.boxShadow !== "none", inside];
"#;

/// Where the Tab key leads.
pub struct Stop {
    pub name: String,
    pub is_visible: bool,
}

impl Browser {
    /// Whether the page is `light` or `dark`.
    pub async fn scheme(&self) -> &'static str {
        let script = format!("{LUMINANCE} return luminance(behind(document.body))");
        if self.ask(&script).await.as_f64().unwrap() > 0.5 { "light" } else { "dark" }
    }

    /// Texts that are hard to read on what lies behind them.
    pub async fn low_contrast(&self) -> Vec<String> {
        self.texts(&format!("{LUMINANCE}{LOW_CONTRAST}")).await
    }

    async fn texts(&self, script: &str) -> Vec<String> {
        let found = self.ask(script).await;
        found.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    }

    /// What makes the page wider than its window.
    pub async fn sideways(&self) -> Vec<String> {
        self.texts(SIDEWAYS).await
    }

    /// Presses Tab until the focus has left the page, at most `limit` times.
    pub async fn focus_stops(&self, limit: usize) -> Vec<Stop> {
        let mut stops = Vec::new();
        for _ in 0..limit {
            self.driver.action_chain().send_keys(Key::Tab).perform().await.unwrap();
            let focused = self.ask(FOCUSED).await;
            let name = focused[0].as_str().unwrap().to_owned();
            if name.is_empty() {
                break;
            }
            stops.push(Stop { name, is_visible: focused[1] == true && focused[2] == true });
        }
        stops
    }
}

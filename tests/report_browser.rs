//! The page of a comparison in a browser; skipped where `chromedriver` or `chromium` is missing.

#![cfg(feature = "report")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "support/browser.rs"]
mod browser;
#[path = "support/comparison.rs"]
mod comparison;

use browser::Browser;
use comparison::Fixture;
use framescope::report::comparison_html;
use serde_json::{Value, json};

const TAB: char = '\u{E004}';
const ENTER: char = '\u{E007}';

/// What keys can reach.
const REACHABLE: &str = "a[href], summary, [tabindex='0']";

fn overflow(browser: &Browser, name: &str) {
    for width in [380, 900, 1440] {
        browser.width(width);
        let page = browser.run("return document.documentElement.scrollWidth");
        assert!(page.as_u64().unwrap() <= u64::from(width), "{name}: {page} wide at {width}");
    }
}

/// No message, and nothing asked for but the page.
fn quiet(browser: &Browser, url: &str) {
    assert_eq!(browser.log("browser"), Vec::<String>::new());
    for event in browser.log("performance") {
        let event: Value = serde_json::from_str(&event).unwrap();
        let message = &event["message"];
        if message["method"] == "Network.requestWillBeSent" {
            let asked = message["params"]["request"]["url"].as_str().unwrap();
            assert!(asked == url || asked.starts_with("data:,"), "asked for {asked}");
        }
    }
}

/// Tabs through the page: everything reachable is reached, in order, and can be seen to be.
fn keyboard(browser: &Browser) {
    browser.width(900);
    browser.press(TAB);
    assert_eq!(browser.run("return document.activeElement.className"), "skip");
    browser.press(ENTER);
    assert_eq!(browser.run("return document.activeElement.id"), "main");
    browser.run("document.activeElement.blur(); scrollTo(0, 0)");
    let all = format!(
        "return [...document.querySelectorAll(\"{REACHABLE}\")]
             .filter(e => e.checkVisibility()).length"
    );
    let count = browser.run(&all).as_u64().unwrap();
    let outlined = "const e = document.activeElement;
                    e.dataset.reached = 'yes';
                    return getComputedStyle(e).outlineStyle + ' ' + e.outerHTML.slice(0, 80)";
    browser.run("document.querySelector('.skip').focus()");
    for step in 0..count {
        let style = browser.run(outlined);
        assert!(!style.as_str().unwrap().starts_with("none"), "no focus to be seen: {style}");
        if step + 1 < count {
            browser.press(TAB);
        }
    }
    let reached = browser.run("return document.querySelectorAll('[data-reached]').length");
    assert_eq!(reached.as_u64().unwrap(), count);
    browser
        .run("const s = document.querySelector('summary'); s.parentNode.open = false; s.focus()");
    browser.press(ENTER);
    assert_eq!(browser.run("return document.querySelector('details').open"), true);
}

#[test]
fn the_page_works_in_a_browser() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let long = "<b>\"&' مرحبا averyveryveryverylongnamewithoutanyspaceatalltobreakat";
    let naive = Fixture { gold: false, ..Fixture::usual() };
    for (name, fixture) in [
        ("usual", Fixture::usual()),
        ("naive", naive),
        ("smallest", Fixture::smallest()),
        ("long", Fixture::named(long)),
    ] {
        let path = folder.path().join(format!("{name}.html"));
        std::fs::write(&path, comparison_html(&fixture.comparison(), &fixture.context())).unwrap();
        let url = format!("file://{}", path.display());
        browser.open(&url);
        overflow(&browser, name);
        let folded = browser.click_all("summary");
        let open = browser.run("return document.querySelectorAll('details[open]').length");
        assert_eq!(open.as_u64().unwrap(), folded as u64);
        overflow(&browser, name);
        if name == "usual" {
            browser.open(&url);
            browser.run("document.querySelectorAll('details').forEach(d => d.open = true)");
            keyboard(&browser);
        }
        quiet(&browser, &url);
    }
}

#[test]
fn dark_light_and_print_differ_and_print_opens_everything() {
    let Some(browser) = Browser::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.html");
    let fixture = Fixture::usual();
    std::fs::write(&path, comparison_html(&fixture.comparison(), &fixture.context())).unwrap();
    browser.open(&format!("file://{}", path.display()));
    let paper = "return getComputedStyle(document.body).backgroundColor";
    let scheme = |value: &str| {
        let features = json!([{ "name": "prefers-color-scheme", "value": value }]);
        browser
            .devtools("Emulation.setEmulatedMedia", &json!({ "media": "", "features": features }));
        browser.run(paper)
    };
    assert_ne!(scheme("light"), scheme("dark"));
    let hidden = "return [...document.querySelectorAll('figure details .scroll')]
                  .filter(e => !e.checkVisibility()).length";
    assert_ne!(browser.run(hidden), 0);
    let dark = json!([{ "name": "prefers-color-scheme", "value": "dark" }]);
    browser.devtools("Emulation.setEmulatedMedia", &json!({ "media": "print", "features": dark }));
    assert_eq!(browser.run(hidden), 0);
    assert_eq!(browser.run(paper), "rgb(255, 255, 255)");
}

//! The article in a web page: its main text, without scripts, navigation and what else is around.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dom_smoothie::{Config, Readability, TextMode};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::{memchr_iter, memchr3_iter};

use super::encoding::by_name;

/// A page of more bytes is refused: as a tree it takes many times its size in memory.
const LONGEST_PAGE: usize = 16 << 20;

/// Tags may be nested so deep. Browsers stop at 512; the time the parser takes grows with the square
/// (1000: 0.05 s, 5000: 1 s, 20,000: 20 s).
const DEEPEST: usize = 1000;

/// So many tags make a tree of some 200 MB.
const MOST_TAGS: usize = 1_000_000;

/// At every `&` the parser looks for the end of the line: a page of one long line full of them takes
/// time with the square of its length. So many bytes may be looked through, in about a second.
const MOST_LOOKED_THROUGH: u64 = 50_000_000_000;

/// A meta tag with the encoding stands in so many first bytes.
const META_BYTES: usize = 4096;

/// A text shorter than this may be no article but what stands around one.
const SHORT: usize = 500;

/// The text of the article in a page, a paragraph from the next by a blank line, its title first. Why
/// there is none: a problem and a remedy.
pub(super) fn article_text(html: &str) -> Result<String, (&'static str, &'static str)> {
    if html.len() > LONGEST_PAGE {
        let problem = "this page is larger than 16 MB";
        return Err((problem, "save the article's text by itself, or leave this file out"));
    }
    if is_too_deep(html.as_bytes()) {
        let problem = "tags are nested more than 1000 deep in this page";
        return Err((problem, "save the article's text by itself, or leave this file out"));
    }
    if memchr_iter(b'<', html.as_bytes()).count() > MOST_TAGS {
        let problem = "this page has more than a million tags";
        return Err((problem, "save the article's text by itself, or leave this file out"));
    }
    if looked_through(html.as_bytes()) > MOST_LOOKED_THROUGH {
        let problem = "a line of this page holds too many `&`";
        return Err((problem, "save the article's text by itself, or leave this file out"));
    }
    // Pages are as bad as can be, and the parser is not ours: one page must not end the run.
    let found = catch_unwind(AssertUnwindSafe(|| extract(html))).ok().flatten();
    found.ok_or(("there is no article text in this page", "leave this file out"))
}

fn extract(html: &str) -> Option<String> {
    let config = Config { text_mode: TextMode::Formatted, ..Config::default() };
    let mut page = Readability::new(html, None, Some(config)).ok()?;
    let headings: Vec<String> =
        page.doc.select("h1").iter().map(|heading| plain(&heading.text())).collect();
    let article = page.parse().ok()?;
    let text = article.text_content.trim();
    if text.is_empty() || text.len() < SHORT && is_links(&article.content, text) {
        return None;
    }
    let title = plain(&article.title);
    // The title often ends in the name of the site; a heading that stands in it does not.
    let is_title = |heading: &&String| !heading.is_empty() && title.contains(heading.as_str());
    let title = headings.iter().find(is_title).unwrap_or(&title);
    match plain(text).contains(title.as_str()) {
        true => Some(text.to_owned()),
        false => Some(format!("{title}\n\n{text}")),
    }
}

/// Whether most of what was found are links: a list of other pages.
fn is_links(content: &str, text: &str) -> bool {
    let links = Readability::from(content).doc.select("a").text();
    2 * plain(&links).len() > text.len()
}

/// Blanks made one, and none at the ends.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The encoding that a page says it is in, with `<meta charset>` or the older form of it.
pub(super) fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes[..bytes.len().min(META_BYTES)].to_ascii_lowercase();
    let at = memchr::memmem::find_iter(&head, b"charset");
    let names = at.filter_map(|at| {
        let value = head[at + "charset".len()..].trim_ascii_start().strip_prefix(b"=")?;
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").or(value.strip_prefix(b"'")).unwrap_or(value);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_:.".contains(byte);
        let length = value.iter().take_while(|byte| is_name(byte)).count();
        by_name(std::str::from_utf8(&value[..length]).ok()?)
    });
    // Whoever can read this in ASCII has no UTF-16 before him.
    let readable = |encoding: &&Encoding| ![UTF_8, UTF_16LE, UTF_16BE].contains(encoding);
    names.into_iter().next().filter(readable)
}

/// Tags that hold nothing, or end where the next of their kind begins: unclosed they are not nested.
const SHALLOW: [&[u8]; 28] = [
    b"area",
    b"base",
    b"body",
    b"br",
    b"col",
    b"colgroup",
    b"dd",
    b"dt",
    b"embed",
    b"head",
    b"hr",
    b"html",
    b"img",
    b"input",
    b"li",
    b"link",
    b"meta",
    b"option",
    b"p",
    b"param",
    b"source",
    b"tbody",
    b"td",
    b"th",
    b"thead",
    b"tr",
    b"track",
    b"wbr",
];

/// How many bytes stand between each `&` and the end of its line, in all.
fn looked_through(html: &[u8]) -> u64 {
    let (mut last, mut sum) = (html.len(), 0);
    for at in memchr3_iter(b'&', b'\n', b'\r', html).rev() {
        match html[at] {
            b'&' => sum += (last - at) as u64,
            _ => last = at,
        }
    }
    sum
}

/// Whether tags are nested deeper than a parser should be asked to follow.
fn is_too_deep(html: &[u8]) -> bool {
    let (mut depth, mut drawings) = (0_usize, 0_usize);
    for at in memchr_iter(b'<', html) {
        let tag = &html[at + 1..];
        let (is_end, tag) = match tag.strip_prefix(b"/") {
            Some(tag) => (true, tag),
            None => (false, tag),
        };
        let length = tag.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        let name = tag[..length].to_ascii_lowercase();
        let is_drawing = matches!(&name[..], b"svg" | b"math");
        // In drawings, tags of any name are nested unless they close themselves.
        let closes_itself = || {
            let end = memchr::memchr(b'>', tag).unwrap_or(tag.len());
            tag[..end].ends_with(b"/")
        };
        let is_shallow = match drawings {
            0 => SHALLOW.contains(&&name[..]),
            _ => closes_itself(),
        };
        if !name.first().is_some_and(u8::is_ascii_alphabetic) || is_shallow {
            continue;
        }
        if is_end {
            depth = depth.saturating_sub(1);
            drawings = drawings.saturating_sub(usize::from(is_drawing));
        } else {
            depth += 1;
            drawings += usize::from(is_drawing);
        }
        if depth > DEEPEST {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PAGE: &str = "<!DOCTYPE html><html><head><title>Valves for the north | Harbour Wire</title>\
        <script>var x = 'no text';</script></head><body><nav><a href='/'>Home</a></nav><article>\
        <h1>Valves for the north</h1><p>The works opened a new\nhall.<br>It makes <b>val</b>ves \
        &amp; bearings.</p><p>“What we cannot make, others can refuse to sell.”</p><ul><li>One</li>\
        <li>Two</li></ul><figure><figcaption>A caption.</figcaption></figure><p>Exports rose.</p>\
        </article><footer><a href='t'>Terms</a> <a href='u'>Contact</a></footer></body></html>";

    #[test]
    fn paragraphs_stay_apart_and_the_title_comes_first() {
        let text = article_text(PAGE).unwrap();
        let paragraphs: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            paragraphs,
            [
                "Valves for the north",
                "The works opened a new hall.",
                "It makes valves & bearings.",
                "“What we cannot make, others can refuse to sell.”",
                "One",
                "Two",
                "A caption.",
                "Exports rose."
            ]
        );
    }

    #[test]
    fn pages_without_an_article_are_none() {
        let links = "<title>T</title><nav><a href='x'>Home</a> <a href='y'>About us</a></nav>";
        for page in ["", "<script>let x;</script>", "<html><body></body></html>", links] {
            assert!(article_text(page).is_err(), "{page}");
        }
        assert_eq!(article_text("<p>One short paragraph.</p>").unwrap(), "One short paragraph.");
    }

    #[test]
    fn depth_is_told_before_the_parser_meets_it() {
        let words = "<p>Exports of valves rose once more.</p>";
        for tag in ["div", "b", "svg", "svg><td", "table><tr><td", "button><p", "DIV"] {
            let page = format!("<{tag}>").repeat(100_000) + words;
            assert!(article_text(&page).is_err(), "{tag}");
        }
        let flat = "<p>Exports rose.<br><img src=x><svg><path d='M0'/></svg>".repeat(5_000);
        assert!(!is_too_deep(flat.as_bytes()));
        assert!(!is_too_deep("<div><span>x</span></div>".repeat(5_000).as_bytes()));
    }

    #[test]
    fn the_encoding_is_read_off_the_page() {
        let name = |page: &str| declared_encoding(page.as_bytes()).map(Encoding::name);
        assert_eq!(name("<META Charset = 'GB2312'>"), Some("gb18030"));
        let old = "<meta http-equiv=Content-Type content=\"text/html; charset=big5\">";
        assert_eq!(name(old), Some("Big5"));
        assert_eq!(name("<meta charset=utf-8>"), None);
        assert_eq!(name("<p>charset of the sea</p>"), None);
    }

    #[test]
    fn pages_that_would_take_a_parser_too_long_are_refused() {
        assert_eq!(looked_through(b"a&b\n&&\r\n&"), 2 + 2 + 1 + 1);
        let refused = |html: String| article_text(&html).unwrap_err().0;
        let page = format!("<p>{}</p>", "&".repeat(1 << 20));
        assert_eq!(refused(page), "a line of this page holds too many `&`");
        assert_eq!(refused("<p>".repeat(MOST_TAGS + 1)), "this page has more than a million tags");
        let lines = "Exports rose &amp; imports fell.\n".repeat(50_000);
        assert!(article_text(&format!("<article><p>{lines}</p></article>")).is_ok());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn no_page_is_too_bad(
            parts in prop::collection::vec("(<(/)?(p|div|table|td|svg|a|h1|title|script|template|select|math|noscript|li|b|form|frameset|br)( [a-z]=[\"'x]?)?(/)?>|&[a-z]{1,4};|<!-|[a-zé\n ]{0,9})", 0..60),
        ) {
            if let Ok(text) = article_text(&parts.concat()) {
                prop_assert!(!text.trim().is_empty());
            }
        }
    }
}

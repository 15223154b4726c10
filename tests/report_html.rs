//! The page of a comparison, read as text.

#![cfg(feature = "report")]

#[path = "support/comparison.rs"]
mod comparison;

use comparison::Fixture;
use framescope::report::comparison_html;

fn page(fixture: &Fixture) -> String {
    comparison_html(&fixture.comparison(), &fixture.context())
}

/// The values of an attribute.
fn attribute<'a>(page: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let start = format!(" {name}=\"");
    let mut rest = page;
    std::iter::from_fn(move || {
        let value = &rest[rest.find(&start)? + start.len()..];
        let end = value.find('"')?;
        rest = &value[end..];
        Some(&value[..end])
    })
}

#[test]
fn every_size_gives_a_page_with_all_its_parts() {
    for fixture in [Fixture::usual(), Fixture::largest(), Fixture::smallest()] {
        let page = page(&fixture);
        assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
        for part in ["summary", "data", "shares", "differences", "methods", "provenance"] {
            assert!(page.contains(&format!("<section id=\"{part}\"")), "no {part}");
        }
        for number in ["NaN", "inf%", "inf,", "inf]", ">inf"] {
            assert!(!page.contains(number), "a number is not finite");
        }
    }
}

#[test]
fn what_is_not_there_has_no_section() {
    let page = page(&Fixture::smallest());
    for part in ["periods", "stance", "words", "copies", "reliability", "examples"] {
        assert!(!page.contains(&format!("id=\"{part}\"")), "{part} is there");
    }
    assert!(page.contains("There are no two groups to tell apart."));
}

#[test]
fn nothing_from_outside_is_asked_for() {
    let page = page(&Fixture::usual());
    assert!(
        page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'")
    );
    assert!(!page.contains("<script") && !page.contains("url(") && !page.contains("@import"));
    assert!(!page.contains(" src=") && !page.contains("://"));
    assert!(attribute(&page, "href").all(|target| target.starts_with('#')));
}

#[test]
fn ids_are_unique_and_references_find_them() {
    for fixture in [Fixture::usual(), Fixture::named("a b\"<&")] {
        let page = page(&fixture);
        let mut ids: Vec<&str> = attribute(&page, "id").collect();
        ids.sort_unstable();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
        let links = attribute(&page, "href").map(|target| &target[1..]);
        let names = ["aria-labelledby", "aria-describedby"];
        let names = names.into_iter().flat_map(|name| attribute(&page, name));
        for reference in links.chain(names) {
            assert!(ids.binary_search(&reference).is_ok(), "no {reference}");
        }
    }
}

#[test]
fn every_chart_has_a_name_a_description_and_a_table() {
    let page = page(&Fixture::usual());
    let charts = page.matches("<svg role=\"img\"").count();
    assert_eq!(page.matches("<desc id=").count(), charts);
    assert_eq!(page.matches("<title id=").count(), charts);
    assert!(!page.contains("-d\"></desc>"), "a description is empty");
    for figure in page.split("<figure>").skip(1) {
        let figure = figure.split("</figure>").next().unwrap_or_default();
        assert!(figure.contains("<details>") && figure.contains("<table>"));
    }
}

#[test]
fn headings_stand_in_order() {
    let page = page(&Fixture::usual());
    let levels =
        page.match_indices("<h").filter_map(|(at, _)| page[at + 2..].chars().next()?.to_digit(10));
    let levels: Vec<u32> = levels.collect();
    assert_eq!(levels.iter().filter(|&&level| level == 1).count(), 1);
    assert_eq!(levels.first(), Some(&1));
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1));
}

/// A page on which all names and texts are the same.
fn named(name: &str) -> String {
    let fixture = Fixture::named(name);
    let mut comparison = fixture.comparison();
    let mut context = fixture.context();
    comparison.by = name.to_owned();
    name.clone_into(&mut context.title);
    for text in [&mut context.command, &mut context.version, &mut context.methods] {
        name.clone_into(text);
    }
    context.notes = vec![name.to_owned()];
    context.digests = vec![(name.to_owned(), name.to_owned())];
    for example in &mut context.examples {
        let evidence = &mut example.evidence;
        for text in [&mut example.group, &mut example.document, &mut evidence.text] {
            name.clone_into(text);
        }
        example.date = Some(name.to_owned());
        name.clone_into(&mut evidence.labels);
        for term in evidence.frames.iter_mut().flat_map(|frame| &mut frame.terms) {
            name.clone_into(&mut term.term);
        }
    }
    if let Some(gold) = &mut comparison.gold {
        gold.coders = vec![name.to_owned()];
    }
    for word in comparison.words.iter_mut().flat_map(|group| &mut group.words) {
        name.clone_into(&mut word.word);
    }
    if let Some(tests) = &mut comparison.tests {
        name.clone_into(&mut tests.description);
    }
    comparison_html(&comparison, &context)
}

#[test]
fn whatever_names_hold_stays_text() {
    let long = "w".repeat(4_000);
    let hostile = [
        "<script>alert(1)</script>",
        "\"onload='x'",
        "a & b ]]> c",
        "مرحبا بالعالم",
        "-->",
        "{{ x }}",
    ];
    for name in hostile.into_iter().chain([long.as_str()]) {
        let page = named(name);
        // Letters in place of all that means something in markup.
        let plain = |c: char| if c.is_alphanumeric() || " -".contains(c) { c } else { 'w' };
        let harmless = named(&name.chars().map(plain).collect::<String>());
        assert!(!page.contains("<script") && !page.contains("\"onload"), "markup got through");
        // No tag and no attribute more than on a page of harmless names.
        for mark in ['<', '"'] {
            assert_eq!(
                page.matches(mark).count(),
                harmless.matches(mark).count(),
                "{name}: {mark}"
            );
        }
    }
}

#[test]
fn without_gold_labels_groups_must_not_be_compared() {
    let naive = Fixture { gold: false, ..Fixture::usual() };
    let warned = page(&naive);
    assert!(warned.contains("Do not compare groups by these shares"));
    assert!(!warned.contains("corrected by gold labels, with"));
    assert!(!page(&Fixture::usual()).contains("Do not compare groups"));
}

#[test]
fn the_largest_difference_is_told_with_its_interval() {
    let page = page(&Fixture::usual()).replace(['\u{2068}', '\u{2069}'], "");
    assert!(page.contains(
        "self-reliance: 40.2% [38.2, 42.2] of sentences in Evening Courier of Commerce, 28.0% \
         [26.0, 30.0] in Harbour Wire: the largest difference is 12.2 percentage points [9.2, 15.2]"
    ));
}

#[test]
fn undefined_values_are_shown_with_their_reason() {
    let page = page(&Fixture::usual());
    for reason in ["too few examples", "no variation", "no positives", "no probabilities"] {
        assert!(page.contains(&format!("undefined ({reason})")), "{reason}");
    }
}

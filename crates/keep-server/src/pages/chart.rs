//! Pictures that the server draws as SVG: bars, lanes of moments, and memories with their links. Each is beside a
//! list or a table that says the same.

use super::words::visible;
use keep_memory::picture::Picture;
use maud::{Markup, html};
use std::collections::HashMap;

/// One bar, from the bottom up.
pub(super) struct Bar {
    /// What stands below it; empty for most of many.
    pub(super) label: String,
    /// What is said of it where one points at it.
    pub(super) title: String,
    /// Its parts, each with a class and a size.
    pub(super) parts: Vec<(&'static str, f64)>,
}

/// Bars beside each other. `says` is the picture in a sentence.
pub(super) fn bars(says: &str, bars: &[Bar], scale: impl Fn(f64) -> String) -> Markup {
    let (width, height, left, foot) = (720.0, 170.0, 88.0, 26.0);
    let highest = bars.iter().map(|bar| bar.parts.iter().map(|(_, size)| size).sum::<f64>());
    let highest = highest.fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let step = (width - left - 18.0) / bars.len().max(1) as f64;
    let wide = (step * 0.72).min(48.0);
    let room = height - foot - 10.0;
    html! {
        svg class="chart" viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(says) {
            @for (share, value) in [(0.0, 0.0), (0.5, highest / 2.0), (1.0, highest)] {
                @let y = 10.0 + room * (1.0 - share);
                line class="axis" x1=(left) x2=(width) y1=(round(y)) y2=(round(y)) {}
                text x=(left - 8.0) y=(round(y + 4.0)) text-anchor="end" { (scale(value)) }
            }
            @for (n, bar) in bars.iter().enumerate() {
                @let x = left + step * n as f64 + (step - wide) / 2.0;
                g {
                    title { (bar.title) }
                    @for (class, y, tall) in stacked(&bar.parts, highest, room) {
                        rect class={ "bar " (class) } x=(round(x)) y=(round(10.0 + y)) width=(round(wide)) height=(round(tall)) rx="2" {}
                    }
                }
                @if !bar.label.is_empty() {
                    text x=(round(x + wide / 2.0)) y=(height - 7.0) text-anchor="middle" { (bar.label) }
                }
            }
        }
    }
}

/// Where each part begins and how tall it is; what is there is seen, however small it is.
fn stacked<'p>(parts: &[(&'p str, f64)], highest: f64, room: f64) -> Vec<(&'p str, f64, f64)> {
    let mut top = room;
    let shown = parts.iter().filter(|(_, size)| *size > 0.0);
    shown
        .map(|(class, size)| {
            let tall = (size / highest * room).max(1.5);
            top -= tall;
            (*class, top, tall)
        })
        .collect()
}

/// A moment in a lane.
pub(super) struct Dot {
    /// Whose lane.
    pub(super) lane: String,
    /// When it begins and ends, in milliseconds.
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) tone: &'static str,
    pub(super) title: String,
    pub(super) href: String,
}

/// Lanes at most: more of them are no picture any more, and the table says all.
const LANES: usize = 8;

/// What happened when, in a lane for each who did it.
pub(super) fn lanes(says: &str, dots: &[Dot]) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for dot in dots {
        if !names.contains(&dot.lane.as_str()) && names.len() < LANES {
            names.push(&dot.lane);
        }
    }
    let (first, last) = (dots.iter().map(|dot| dot.from).min(), dots.iter().map(|dot| dot.to).max());
    let (Some(first), Some(last)) = (first, last) else { return html! {} };
    let (width, left, tall) = (900.0, 130.0, 34.0);
    let height = names.len() as f64 * tall + 28.0;
    let room = width - left - 24.0;
    let at = |ms: i64| left + 10.0 + (ms - first) as f64 / (last - first).max(1) as f64 * room;
    html! {
        div class="picture" tabindex="0" { svg class="chart" viewBox={ "0 0 " (width) " " (height) } role="group" aria-label=(says) {
            @for (n, name) in names.iter().enumerate() {
                @let y = n as f64 * tall + 18.0;
                text x="0" y=(y + 4.0) { (visible(name)) }
                line class="lane" x1=(left) x2=(width) y1=(y) y2=(y) {}
                @for dot in dots.iter().filter(|dot| dot.lane == *name) {
                    a href=(dot.href) aria-label=(dot.title) tabindex="-1" {
                        title { (dot.title) }
                        @let (from, to) = (at(dot.from), at(dot.to));
                        // A short one is seen, too.
                        rect class={ "dot " (dot.tone) } x=(round(from - 4.0)) y=(y - 5.0) width=(round((to - from).max(0.0) + 8.0)) height="10" rx="5" {}
                    }
                }
            }
            text x=(left) y=(height - 4.0) { (clock(first)) }
            text x=(width) y=(height - 4.0) text-anchor="end" { (clock(last)) }
        } }
    }
}

fn clock(ms: i64) -> String {
    let at = keep_types::Timestamp::from_ms(ms).to_string();
    at.get(..19).unwrap_or(&at).replace('T', " ")
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// The box that stands for a memory.
const NODE: (f64, f64) = (210.0, 46.0);
/// From one column or row to the next.
const STEP: (f64, f64) = (290.0, 64.0);

/// Memories as boxes, those that are further away from the one in the middle further to the right.
pub(super) fn graph(picture: &Picture) -> Markup {
    let places = placed(picture);
    let rows = places.values().map(|(_, row)| *row).fold(0.0, f64::max) + 1.0;
    let columns = places.values().map(|(column, _)| *column).fold(0.0, f64::max) + 1.0;
    let (width, height) = ((columns - 1.0) * STEP.0 + NODE.0 + 8.0, (rows - 1.0) * STEP.1 + NODE.1 + 8.0);
    let at = |id: &str| {
        places.get(id).map(|(column, row)| (4.0 + column * STEP.0, 4.0 + row * STEP.1)).unwrap_or_default()
    };
    html! {
        div class="picture" tabindex="0" { svg class="graph" viewBox={ "0 0 " (width.max(720.0)) " " (height) } role="group" aria-label="This memory and what it is linked to" {
            defs { marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" { path d="M0 0L8 4L0 8z" {} } }
            @for edge in &picture.edges {
                @let (from, to) = (at(&edge.from.to_string()), at(&edge.to.to_string()));
                @let (path, middle) = curve(from, to);
                path class="edge" d=(path) marker-end="url(#tip)" {}
                text class="edge-word" x=(round(middle.0)) y=(round(middle.1 - 4.0)) text-anchor="middle" { (edge.kind.as_str().replace('_', " ")) }
            }
            @for node in &picture.nodes {
                @let id = node.id.to_string();
                @let (x, y) = at(&id);
                @let class = if node.id == picture.centre { "node centre" } else if node.retired { "node retired" } else { "node" };
                a href={ "/memories/" (id) } {
                    g class=(class) {
                        title { (visible(&node.label)) }
                        rect x=(x) y=(y) width=(NODE.0) height=(NODE.1) rx="8" {}
                        text x=(x + 10.0) y=(y + 20.0) { (cut(&node.label)) }
                        text class="kind" x=(x + 10.0) y=(y + 36.0) { (node.kind) " · " (node.trust.to_string()) }
                    }
                }
            }
        } }
    }
}

/// So much of a label fits into its box.
fn cut(label: &str) -> String {
    let label = visible(label);
    if label.chars().count() <= 30 {
        return label;
    }
    label.chars().take(29).chain(['…']).collect()
}

/// Column and row of each memory: the column is how many links away it is.
fn placed(picture: &Picture) -> HashMap<String, (f64, f64)> {
    let centre = picture.centre.to_string();
    let mut distance = HashMap::from([(centre.clone(), 0_usize)]);
    let mut edge = vec![centre];
    while let Some(id) = edge.pop() {
        let next = distance[&id] + 1;
        for link in &picture.edges {
            let (from, to) = (link.from.to_string(), link.to.to_string());
            let other = if from == id {
                to
            } else if to == id {
                from
            } else {
                continue;
            };
            if distance.get(&other).is_none_or(|known| *known > next) {
                distance.insert(other.clone(), next);
                edge.push(other);
            }
        }
    }
    let mut rows: HashMap<usize, f64> = HashMap::new();
    let mut places = HashMap::new();
    for node in &picture.nodes {
        let id = node.id.to_string();
        let column = distance.get(&id).copied().unwrap_or(1);
        let row = rows.entry(column).or_default();
        places.insert(id, (column as f64, *row));
        *row += 1.0;
    }
    // Columns with few memories stand in the middle of those with many.
    let most = rows.values().copied().fold(0.0, f64::max);
    for (column, row) in places.values_mut() {
        *row += (most - rows.get(&(*column as usize)).copied().unwrap_or(most)) / 2.0;
    }
    places
}

/// From the side of one box to the side of another, and where its middle is.
fn curve(from: (f64, f64), to: (f64, f64)) -> (String, (f64, f64)) {
    let right = from.0 <= to.0;
    let same = (from.0 - to.0).abs() < 1.0;
    let x1 = if right || same { from.0 + NODE.0 } else { from.0 };
    let x2 = if same {
        to.0 + NODE.0
    } else if right {
        to.0
    } else {
        to.0 + NODE.0
    };
    let (y1, y2) = (from.1 + NODE.1 / 2.0, to.1 + NODE.1 / 2.0);
    let bend = if same { 44.0 } else { (x2 - x1) / 2.0 };
    let (c1, c2) = if same { (x1 + bend, x2 + bend) } else { (x1 + bend, x2 - bend) };
    let middle = if same { (x1 + bend - 8.0, (y1 + y2) / 2.0) } else { ((x1 + x2) / 2.0, (y1 + y2) / 2.0) };
    (format!("M{x1:.1} {y1:.1}C{c1:.1} {y1:.1} {c2:.1} {y2:.1} {x2:.1} {y2:.1}"), middle)
}

//! HTML: text made of it, and the guard that keeps what is too much for a tree builder away.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use mailflow_core::mail::Limits;
use mailflow_core::mail::html::{TooComplex, guard, to_text};

fn text(html: &str) -> String {
    to_text(html, &Limits::default()).trim_end().to_owned()
}

#[test]
fn paragraphs_lines_and_white_space() {
    assert_eq!(text("<p>One\n  line</p><p>Another</p>"), "One line\n\nAnother");
    assert_eq!(text("<div>A</div><div><br></div><div>B<br>C</div>"), "A\n\nB\nC");
    assert_eq!(text("<div>A</div><br>B"), "A\n\nB");
    assert_eq!(text("a<b>b</b> <i> c</i>&nbsp;d"), "ab c d");
    assert_eq!(text("<p class=MsoNormal>A</p><p class=MsoNormal>&nbsp;</p><p class=MsoNormal>B</p>"), "A\n\nB");
    assert_eq!(text("<h1>Title</h1>Text<hr>End"), format!("Title\n\nText\n{}\nEnd", "-".repeat(40)));
    assert_eq!(text("<pre>a\n  b\n</pre>c"), "a\n  b\n\nc");
    assert_eq!(text("A\u{ad}\u{200b}B"), "AB");
}

#[test]
fn entities_are_characters() {
    assert_eq!(text("&lt;a&gt; &amp;amp; &eacute;&#128512;&#x1F600; &unknown; &copy"), "<a> &amp; é😀😀 &unknown; ©");
}

#[test]
fn what_is_not_for_reading_is_not_there() {
    let html = "<html><head><title>T</title><style>p { color: red }</style></head><body>A<script>alert('<b>')</script>\
                <!-- comment --><!--[if mso]><p>Outlook</p><![endif]-->B</body></html>";
    assert_eq!(text(html), "AB");
}

#[test]
fn lists_have_marks_and_numbers() {
    let html = "Buy:<ul><li>Milk<li>Bread<ol start=3><li>white</li><li>brown</li></ol></ul>Done";
    assert_eq!(text(html), "Buy:\n\n* Milk\n* Bread\n  3. white\n  4. brown\n\nDone");
}

#[test]
fn cells_of_a_row_stand_side_by_side() {
    let html = "<table><tr><th>Item</th><th>Price</th></tr><tr><td><p>Cable</p></td><td><p>5</p></td></tr></table>";
    assert_eq!(text(html), "Item | Price\nCable | 5");
    let label = "<table><tr><td>From:</td><td>Bob</td></tr></table>";
    assert_eq!(text(label), "From: Bob");
    let tall = "<table><tr><td>A<br>B</td><td>C</td></tr></table>";
    assert_eq!(text(tall), "A\nB\nC");
}

#[test]
fn links_say_where_they_lead_unless_their_words_do() {
    assert_eq!(text("<a href='https://example.com/a?b&amp;c'>here</a>."), "here <https://example.com/a?b&c>.");
    assert_eq!(text("<a href='https://www.example.com/'>example.com</a>"), "example.com");
    assert_eq!(text("<a href='mailto:a@example.com?subject=x'>Ada</a>"), "Ada <a@example.com>");
    assert_eq!(text("<a href='mailto:a@example.com'>a@example.com</a>"), "a@example.com");
    for href in ["javascript:alert(1)", "#top", "", "data:text/html,x", "/relative"] {
        assert_eq!(text(&format!("<a href='{href}'>x</a>")), "x", "{href}");
    }
}

#[test]
fn pictures_are_their_words() {
    assert_eq!(text("<img src=x alt='Our logo'> <img alt=''><img> <img alt='😀'>"), "[Our logo] 😀");
}

#[test]
fn what_is_cited_is_quoted_and_decoration_is_not() {
    let cited = "Yes<blockquote type=cite>A<br><br>B<blockquote type=cite>C</blockquote></blockquote>No";
    assert_eq!(text(cited), "Yes\n> A\n>\n> B\n>> C\n\nNo");
    assert_eq!(text("The error:<blockquote>Disk full</blockquote>Help"), "The error:\n\n    Disk full\n\nHelp");
}

#[test]
fn the_space_of_a_signature_stays() {
    assert_eq!(text("Bye<br>--&nbsp;<br>Ada"), "Bye\n-- \nAda");
    assert_eq!(text("Bye<div>-- <br>Ada</div>"), "Bye\n-- \nAda");
}

#[test]
fn broken_html_loses_no_words() {
    assert_eq!(text("<p>A <b>B <a href=x>C</p> D </i></table>E < F <"), "A B C\n\nD\nE < F <");
    assert_eq!(text("<blockquote type=cite>open"), "> open");
    assert_eq!(text("</blockquote></ul></ol></div></p>x"), "x");
}

/// Shapes that cost a tree builder more than their length.
fn hostile(size: usize) -> Vec<(&'static str, String)> {
    let repeated = |name: &'static str, unit: &str| (name, unit.repeat(size / unit.len() + 1));
    let mut shapes = vec![
        repeated("lists", "<ul><li>"),
        repeated("definitions", "<dl><dd><dt>"),
        repeated("divs", "<div>"),
        repeated("misnested links", "<a><div></a>"),
        repeated("cells that hide", "<div><table><tr><td></div>"),
        repeated("spans around blocks", "<span><div></span>"),
        repeated("tables", "<table><tr><td>"),
        repeated("quotes", "<blockquote>"),
        repeated("headings", "<h1><div>"),
        repeated("buttons", "<button><p>"),
        repeated("unknown", "<x>"),
        repeated("fonts", "<font>x"),
        repeated("svg", "<svg><g>"),
        repeated("templates", "<template>"),
        repeated("selects", "<select><option><select>"),
    ];
    let fonts: String = (0..100).map(|n| format!("<font size={n}>")).collect();
    shapes.push(("fonts again in every paragraph", format!("<p>{fonts}{}", "</p><p>x".repeat(size / 8))));
    shapes
}

#[test]
fn deep_html_is_too_complex() {
    for (name, html) in hostile(200_000) {
        assert!(
            matches!(guard(&html, &Limits::default()), Err(TooComplex::Depth | TooComplex::Tags)),
            "{name}: {:?}",
            guard(&html, &Limits::default())
        );
    }
}

#[test]
fn each_limit_holds_at_its_border() {
    let limits = Limits::default();
    let around = |make: &dyn Fn(usize) -> String, limit: usize, error: TooComplex| {
        assert_eq!(guard(&make(limit), &limits), Ok(()), "{error}");
        assert_eq!(guard(&make(limit + 1), &limits), Err(error));
    };
    around(&|n| "<div>".repeat(n), limits.html_depth, TooComplex::Depth);
    around(&|n| "<br>".repeat(n), limits.html_tags, TooComplex::Tags);
    around(&|n| "&amp;".repeat(n), limits.html_entities, TooComplex::Entities);
    around(&|n| "x".repeat(n), limits.html_bytes, TooComplex::Bytes);
    let attributes = |n: usize| format!("<p {}>", (0..n).map(|n| format!("a{n}=1 ")).collect::<String>());
    around(&attributes, limits.html_attributes, TooComplex::Attributes);
    assert_eq!(guard(&attributes(50_000), &limits), Err(TooComplex::Attributes));
}

#[test]
fn what_ordinary_programs_write_passes_the_guard() {
    for ordinary in [
        "<p>a".repeat(5000),
        "<li>a".repeat(5000),
        format!("<table>{}</table>", "<tr><td>a<td>b".repeat(5000)),
        format!("<table>{}</table>", "<tr><td><p>a</p></td></tr>".repeat(5000)),
        "<p><b>a</p>".repeat(500),
        "<div><span><font color=red>a</font></span></div>".repeat(5000),
        "<dl><dt>a<dd>b</dl>".repeat(5000),
        "<a name=x>a".repeat(5000),
        "<select><option>a<option>b</select>".repeat(5000),
        format!("{}x{}", "<blockquote><div>".repeat(50), "</div></blockquote>".repeat(50)),
        "<p class=MsoNormal><span lang=EN>a<o:p></o:p></span></p>".repeat(5000),
        "&nbsp;".repeat(100_000),
    ] {
        let start: String = ordinary.chars().take(60).collect();
        assert_eq!(guard(&ordinary, &Limits::default()), Ok(()), "{start}");
    }
}

#[test]
fn ac_14_text_is_made_of_any_html() {
    let limits = Limits::default();
    let blanks = format!("<p>start{}end</p>", " ".repeat(10 << 20));
    assert_eq!(text(&blanks), "start end");
    let links = "<a href='https://example.com/'>x</a> ".repeat(2000);
    assert_eq!(text(&links).matches("x <https://example.com/>").count(), 2000);
    let deep = format!("{}bottom", "<div>".repeat(10_000));
    assert_eq!(text(&deep), "bottom");
    let quoted = format!("{}bottom", "<blockquote type=cite>".repeat(10_000));
    assert_eq!(text(&quoted), ">>>>>>>> bottom");
    for (name, html) in hostile(1 << 20) {
        let text = to_text(&html, &limits);
        assert!(text.len() <= 2 * limits.text_bytes + 4096, "{name}: {}", text.len());
    }
}

#[test]
fn text_that_is_cut_is_longer_than_its_limit() {
    let limits = Limits::default();
    let long = to_text(&"<p>word</p>".repeat(100_000), &limits);
    assert!(long.len() > limits.text_bytes && long.len() < 2 * limits.text_bytes, "{}", long.len());
}

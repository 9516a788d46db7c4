//! The new words of an answer: what is folded, and above all what is not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use mailflow_core::mail::{Limits, PieceKind, fold, new_words, parse};
use proptest::prelude::*;

fn corpus(file: &str) -> String {
    let path = format!("{}/../tests/corpus/{file}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    parse(&bytes, &Limits::default()).text
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn real_answers_have_their_new_words_and_nothing_else() {
    for (file, expected) in [
        ("talon-quotes/german_from_block", "Allo! Follow up MIME!"),
        ("talon-quotes/pattern_on_date_somebody_wrote_allows_space_in_front", "Thanks Thanmai"),
        ("talon-quotes/pattern_on_date_somebody_wrote_date_with_slashes", "Test reply"),
        ("talon-quotes/pattern_on_date_wrote_somebody", "Lorem"),
        ("talon-quotes/polish_from_block", "Lorem ipsum"),
        ("talon-quotes/reply_wraps_nested_quotations", "Test reply Regards, Roman"),
        ("talon-quotes/short_quotation_with_newline", "Btw blah blah..."),
        ("talon-quotes/swedish_from_line", "Lorem"),
        ("talon-quotes/with_indent", "YOLO salvia cillum kogi typewriter mumblecore cardigan skateboard Austin."),
        ("talon-replies/apple_mail", "Hello"),
        ("talon-replies/apple_mail_2", "Hello"),
        ("talon-replies/sparrow", "Hello"),
        ("talon-replies/thunderbird", "Hello"),
        ("talon-html/from_block", "message"),
        ("talon-html/quotation_splitter_inside_blockquote", "Reply"),
        ("talon-html/quotation_splitter_outside_blockquote", "Reply"),
        ("talon-html/reply-hotmail", "Hi. I am fine. Thanks, Alex"),
        ("talon-html/reply-ms_outlook_2010", "Hi. I am fine. Thanks, Alex"),
        ("talon-html/reply_shares_div_with_from_block", "Blah"),
        ("talon-signature/blackberry_signature-2", "Blah"),
        ("talon-signature/blackberry_signature", "Heeyyoooo."),
        ("talon-signature/iphone_signature", "Hey!"),
        ("talon-signature/line_starts_with_signature_word", "Hey man! Thanks for your attention."),
        ("talon-signature/no_signature", "Hey man!"),
        ("talon-signature/signature_separated_by_dashes-2", "Hey!"),
        ("talon-signature/signature_separated_by_dashes-3", "Hey!"),
        ("talon-signature/signature_separated_by_dashes-4", "Wow. Awesome!"),
        ("talon-signature/signature_separated_by_dashes", "Hey man! How r u?"),
        ("erp-github/correct_sig", "this is an email with a correct -- signature."),
        (
            "erp-github/email_1_1",
            "Hi folks What is the best way to clear a Riak bucket of all key, values after running a test? I am \
             currently using the Java HTTP API.",
        ),
        ("erp-github/email_1_7", ":+1:"),
        ("erp-github/email_multi_word_sent_from_my_mobile_device", "Here is another email"),
        (
            "erp-github/pathological",
            "I think you're onto something. I will try to fix the problem as soon as I get back to a computer.",
        ),
        ("reply-trimmer/dual_embedded", "This is the 3rd email."),
        ("reply-trimmer/email_headers_1", "This is a reply from Outlook!"),
        (
            "reply-trimmer/embedded_email_4",
            "If I do exactly that, then the test group won't be saved after a refresh of the page.",
        ),
        (
            "reply-trimmer/embedded_email_6",
            "Ensuring that ON_DATE_SOMEONE_WROTE_REGEXES is not greedy. On this day I wrote something which was very \
             interesting.",
        ),
        ("reply-trimmer/embedded_email_chinese", "Hi Erlend Sogge Heggen, Thank you for your reply."),
        ("reply-trimmer/embedded_email_french_1", "C'est super !"),
        ("reply-trimmer/embedded_email_german_2", "Hey:)"),
        ("reply-trimmer/embedded_email_norwegian", "Thanx :-)"),
        (
            "reply-trimmer/embedded_email_quote_text",
            "when I said looks possible, I pointed to rack because that's still the web server level",
        ),
        ("reply-trimmer/normalize_line_endings", "Email with windows line endings"),
        ("reply-trimmer/signatures", "This email was sent from way too much different devices ;)"),
    ] {
        assert_eq!(words(&new_words(&corpus(&format!("{file}.eml")))), expected, "{file}");
    }
    for (file, ends) in [
        ("reply-trimmer/email_headers_5", "Best regards, //Jef"),
        ("reply-trimmer/embedded_email_swedish", "Best regards Some One"),
        ("reply-trimmer/embedded_email_german_6", "sofern nötig."),
        ("talon-quotes/dont_parse_quotations_for_forwarded_messages", "To: rob@example.com Text"),
    ] {
        let new = words(&new_words(&corpus(&format!("{file}.eml"))));
        assert!(new.ends_with(ends), "{file}: {new}");
    }
}

/// Lines above a quote, as mail programs write them.
const ATTRIBUTIONS: [&str; 40] = [
    "On Fri, May 3, 2024 at 10:01 AM Bob <bob@example.com> wrote:",
    "On Fri, May 3, 2024 at 10:01 AM Bob Somebody With A Long Name\n<bob@example.com> wrote:",
    "On Fri, May 3, 2024 at 10:01 AM, Bob Somebody <\nbob@example.com>\nwrote:",
    "On 05/03/2024 10:01 AM, Bob wrote:",
    "On 2024-05-03 10:01, Bob wrote:",
    "-----On 05/03/2024 10:01 AM, Bob wrote-----",
    "Bob <bob@example.com> wrote:",
    "Bob <bob@example.com> schrieb am Fr., 3. Mai 2024, 10:01:",
    "Am 03.05.2024 um 10:01 schrieb Bob:",
    "Am Fr., 3. Mai 2024 um 10:01 Uhr schrieb Bob <\nbob@example.com>:",
    "Le ven. 3 mai 2024 à 10:01, Bob <bob@example.com> a écrit :",
    "Le 3 mai 2024 10:01, \"Bob\"\n<bob@example.com>\na écrit :",
    "El vie, 3 may 2024 a las 10:01, Bob (<bob@example.com>) escribió:",
    "Il giorno ven 3 mag 2024 alle ore 10:01 Bob <bob@example.com> ha scritto:",
    "Op vr 3 mei 2024 om 10:01 schreef Bob <bob@example.com>:",
    "Op 3 mei 2024, om 10:01 heeft Bob <bob@example.com> het volgende geschreven:",
    "Em sex., 3 de mai. de 2024 às 10:01, Bob <bob@example.com> escreveu:",
    "Den fre 3 maj 2024 kl 10:01 skrev Bob <bob@example.com>:",
    "fre. 3. mai 2024 kl. 10:01 skrev Bob <bob@example.com>:",
    "Den fre. 3. maj 2024 kl. 10.01 skrev Bob <bob@example.com>:",
    "pe 3. toukok. 2024 klo 10.01 Bob (bob@example.com) kirjoitti:",
    "pt., 3 maj 2024 o 10:01 Bob <bob@example.com> napisał(a):",
    "W dniu 3.05.2024 o 10:01, Bob pisze:",
    "Dne pá 3. 5. 2024 10:01 uživatel Bob <bob@example.com> napsal:",
    "пт, 3 мая 2024 г. в 10:01, Bob <bob@example.com>:",
    "3 мая 2024 г., в 10:01, Боб <bob@example.com> написал(а):",
    "пт, 3 трав. 2024 р. о 10:01 Bob <bob@example.com> пише:",
    "Bob <bob@example.com>, 3 May 2024 Cum, 10:01 tarihinde şunu yazdı:",
    "Bob <bob@example.com> ezt írta (időpont: 2024. máj. 3., P, 10:01):",
    "Στις Παρ 3 Μαΐ 2024 στις 10:01 π.μ., ο χρήστης Bob <bob@example.com> έγραψε:",
    "vin., 3 mai 2024 la 10:01, Bob <bob@example.com> a scris:",
    "Vào Th 6, 3 thg 5, 2024 lúc 10:01 Bob <bob@example.com> đã viết:",
    "2024年5月3日(金) 10:01 Bob <bob@example.com>:",
    "2024年5月3日(金) 10:01 Bob <bob@example.com> のメール:",
    "Bob <bob@example.com> 于2024年5月3日周五 10:01写道：",
    "在 2024年5月3日，上午10:01，Bob <bob@example.com> 写道：",
    "Bob <bob@example.com> 於 2024年5月3日 週五 上午10:01寫道：",
    "2024년 5월 3일 (금) 오전 10:01, Bob <bob@example.com>님이 작성:",
    "\u{202b}בתאריך יום ו׳, 3 במאי 2024 ב-10:01 מאת \u{202a}Bob <bob@example.com> כתב:",
    "pet, 3. svi 2024. u 10:01 Bob <bob@example.com> napisao je:",
];

#[test]
fn what_stands_above_a_quote_belongs_to_it_in_many_languages() {
    for attribution in ATTRIBUTIONS {
        for quote in ["\n> Does it work?\n> Bob\n", "\n\n> Does it work?\n", "\n\nDoes it work?\n\nBob\n"] {
            let text = format!("On it!\nIt works at 10:15 now.\n\n{attribution}{quote}");
            assert_eq!(new_words(&text), "On it!\nIt works at 10:15 now.", "{text}");
            let close = format!("It works now.\n{attribution}{quote}");
            assert_eq!(new_words(&close), "It works now.", "{close}");
        }
        let bottom = format!("{attribution}\n> Does it work?\n\nIt works now.\n");
        assert_eq!(new_words(&bottom), "It works now.", "{bottom}");
    }
}

#[test]
fn a_heading_of_a_mail_begins_what_is_quoted_in_many_languages() {
    for heading in [
        "From: Bob <bob@example.com>\nSent: Friday, May 3, 2024 10:01 AM\nTo: Ada\nSubject: Question",
        "From: Bob\nSent: Friday, May 3, 2024 10:01 AM\nTo: Ada; Eve\nCc: Carl\nSubject: Question",
        "*From:* Bob [mailto:bob@example.com]\n*Sent:* Friday\n*To:* Ada\n*Subject:* Question",
        "________________________________\nFrom: Bob <bob@example.com>\nSent: Friday\nTo: Ada\nSubject: Question",
        " ------------------------------\n\n*From:* Bob\n*Sent:* 2024-05-03\n*Subject:* Question",
        "Date: Fri, 3 May 2024 10:01:00 +0000\nFrom: bob@example.com\nTo: ada@example.com",
        "Date: Fri, 3 May 2024 10:01:00 +0000\nTo: ada@example.com",
        "Von: Bob <bob@example.com>\nGesendet: Freitag, 3. Mai 2024 10:01\nAn: Ada\nBetreff: Frage",
        "De : Bob <bob@example.com>\nEnvoyé : vendredi 3 mai 2024 10:01\nÀ : Ada\nObjet : Question",
        "De: Bob <bob@example.com>\nEnviado el: viernes, 3 de mayo de 2024 10:01\nPara: Ada\nAsunto: Pregunta",
        "Da: Bob <bob@example.com>\nInviato: venerdì 3 maggio 2024 10:01\nA: Ada\nOggetto: Domanda",
        "Van: Bob <bob@example.com>\nVerzonden: vrijdag 3 mei 2024 10:01\nAan: Ada\nOnderwerp: Vraag",
        "De: Bob <bob@example.com>\nEnviada em: sexta-feira, 3 de maio de 2024 10:01\nPara: Ada\nAssunto: Pergunta",
        "Från: Bob <bob@example.com>\nSkickat: den 3 maj 2024 10:01\nTill: Ada\nÄmne: Fråga",
        "Fra: Bob <bob@example.com>\nSendt: 3. maj 2024 10:01\nTil: Ada\nEmne: Spørgsmål",
        "Lähettäjä: Bob <bob@example.com>\nLähetetty: 3. toukokuuta 2024 10:01\nVastaanottaja: Ada\nAihe: Kysymys",
        "Od: Bob <bob@example.com>\nWysłano: piątek, 3 maja 2024 10:01\nDo: Ada\nTemat: Pytanie",
        "Od: Bob <bob@example.com>\nOdesláno: pátek 3. května 2024 10:01\nKomu: Ada\nPředmět: Otázka",
        "От: Bob <bob@example.com>\nОтправлено: 3 мая 2024 г. 10:01\nКому: Ada\nТема: Вопрос",
        "Kimden: Bob <bob@example.com>\nGönderildi: 3 Mayıs 2024 Cuma 10:01\nKime: Ada\nKonu: Soru",
        "差出人: Bob <bob@example.com>\n送信日時: 2024年5月3日 10:01\n宛先: Ada\n件名: 質問",
        "发件人: Bob <bob@example.com>\n发送时间: 2024年5月3日 10:01\n收件人: Ada\n主题: 问题",
        "보낸 사람: Bob <bob@example.com>\n보낸 날짜: 2024년 5월 3일 10:01\n받는 사람: Ada\n제목: 질문",
        "-----Original Message-----",
        "----- Ursprüngliche Nachricht -----",
        "-----Message d'origine-----",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Oorspronkelijk bericht-----",
        "-----Ursprungligt meddelande-----",
        "-----Исходное сообщение-----",
        "-----原始邮件-----",
    ] {
        let text = format!("It works now.\n\n{heading}\n\nDoes it work?\n\nBob\n");
        assert_eq!(new_words(&text), "It works now.", "{text}");
    }
}

#[test]
fn signatures_are_folded() {
    for signature in [
        "-- \nAda\nExample Ltd.\n+49 30 1234",
        "--\nAda",
        "---\nAda Lovelace\n+49 30 1234",
        "-ada",
        "- Ada",
        "Sent from my iPhone",
        "Sent from my HTC One X phone. Please excuse typos.",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verzonden vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Отправлено с iPhone",
        "iPhone'umdan gönderildi",
        "iPhoneから送信",
        "发自我的 iPhone",
        "나의 iPhone에서 보냄",
        "Get Outlook for Android<https://aka.ms/x>",
        "_______________________________________________\nusers mailing list\nhttps://example.com/listinfo/users",
    ] {
        for after in ["", "\n", "\n\nOn 3 May 2024 at 10:01, Bob <bob@example.com> wrote:\n\n> Does it work?\n"] {
            let text = format!("It works now.\n\n{signature}{after}");
            assert_eq!(new_words(&text), "It works now.", "{text}");
        }
    }
}

#[test]
fn ac_19_nothing_the_customer_wrote_is_cut() {
    for whole in [
        // After a hyphen, or something like a signature.
        "This needs two things:\n- a cable\n- a plug",
        "Please send\n\n- invoices\n- receipts\n- Photos",
        "I need:\n- Help",
        "And here is a fix -- this is not a signature.\n\nBye",
        "Before\n---\nAfter this line I explain what happened to my order in detail.",
        "Sent from my desk, which is easier than from my phone.",
        "I sent it from my phone yesterday.",
        "Sent from a magnificent torch of pixels",
        "Section\n_________\nWe need more paper, please.",
        // Words that only look like a quote.
        "On this day\n\nI wrote something:\n\nHello",
        "On 3 May 2024 I wrote\nto you about a refund.",
        "On 3 May 2024 you wrote:\nwe refund everything.\nThat did not happen.",
        "We travel\nFrom: Berlin\nTo: Munich\nDate: 5 May",
        "Invitation:\n\nDate: Wednesday 3 October\nTime: 7:00\nAddress: 130 Fox St\n\nPlease come.",
        ">50% of my orders fail",
        "Look:\n>>> >>> https://example.com <<<\nand answer",
        "He said: see me at 10:00:\nand I did",
        // Only a quote, only a signature.
        "On 3 May 2024 at 10:01, Bob <bob@example.com> wrote:\n> Does it work?",
        "> Does it work?",
        "-- \nAda",
        "Sent from my iPhone",
        "From: Bob <bob@example.com>\nSent: Friday\nTo: Ada\nSubject: Question\n\nDoes it work?",
        // Forwards.
        "FYI\n\n---------- Forwarded message ---------\nFrom: Bob <bob@example.com>\nSubject: x\n\n> quoted\n\n-- \nBob",
        "Begin forwarded message:\n\n> From: Bob <bob@example.com>\n> Subject: x\n>\n> Text",
        "Schau\n\n-------- Weitergeleitete Nachricht --------\nBetreff: x\nVon: Bob <bob@example.com>\nText",
        // Answers inside, where nothing tells them apart.
        "Hi, my answers are below in red.\n\nFrom: Bob <bob@example.com>\nSent: Friday\nTo: Ada\nSubject: x\n\nWhen? Today!",
    ] {
        assert_eq!(words(&new_words(whole)), words(whole), "{whole}");
    }
}

#[test]
fn ac_19_answers_between_and_below_quoted_lines_stay() {
    let between = "Hi Bob,\n\nOn 3 May 2024 at 10:01, Bob <bob@example.com> wrote:\n> When?\n\nToday.\n\n> Where?\nHere.\n\
                   > Why?\n> And how?\n\nBecause.\n\n-- \nAda\n";
    assert_eq!(words(&new_words(between)), "Hi Bob, Today. Here. Because.");
    let below = "> Please type your reply above this line\n> When?\n\nToday.\n";
    assert_eq!(new_words(below), "Today.");
    let line = "##- Please type your reply above this line -##\nToday I came, and all was well.\n";
    assert!(new_words(line).contains("all was well"), "{}", new_words(line));
}

#[test]
fn ac_19_a_mail_without_words_has_none() {
    assert_eq!(new_words(""), "");
    assert_eq!(new_words(" \n\n"), "");
    assert!(fold("").is_empty());
}

#[test]
fn ac_19_a_blockquote_that_cites_nobody_is_shown() {
    let mail = |html: &str| {
        let mail = format!("From: a@example.com\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
        new_words(&parse(mail.as_bytes(), &Limits::default()).text)
    };
    let decoration = "<p>The error is</p><blockquote>Disk full</blockquote><p>What now?</p>";
    assert_eq!(words(&mail(decoration)), "The error is Disk full What now?");
    let cited = "<p>It works.</p><blockquote type=cite>Does it work?</blockquote><p>Bye</p>";
    assert_eq!(words(&mail(cited)), "It works. Bye");
    let gmail = "<div>It works.</div><div class=gmail_quote><div class=gmail_attr>On Fri, May 3, 2024 at 10:01 AM Bob \
                 &lt;<a href='mailto:bob@example.com'>bob@example.com</a>&gt; wrote:<br></div><blockquote \
                 class=gmail_quote>Does it work?<br>Bob</blockquote></div>";
    assert_eq!(words(&mail(gmail)), "It works.");
    let inside = "<div class=gmail_quote><div>On Fri, May 3, 2024 at 10:01 AM Bob &lt;bob@example.com&gt; wrote:</div>\
                  <blockquote>When?</blockquote></div><div>Today.</div><blockquote>Where?</blockquote><div>Here.</div>";
    assert_eq!(words(&mail(inside)), "Today. Here.");
}

/// Texts of lines that mean something to the folding, and of any others.
fn texts() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(vec![
        "> quoted",
        ">> deeper",
        "-- ",
        "--",
        "---",
        "-Ada",
        "Ada",
        "Sent from my iPhone",
        "",
        " ",
        "\t",
        "On 3 May 2024 at 10:01, Bob <bob@example.com> wrote:",
        "Bob",
        "wrote:",
        "<bob@example.com>",
        "From: Bob <bob@example.com>",
        "Sent: Friday",
        "To: Ada",
        "Subject: x",
        "-----Original Message-----",
        "---------- Forwarded message ---------",
        "____________",
        "| cell",
        "in red",
        "2024/5/3 Bob <b@example.com>",
    ]);
    let line = prop_oneof![4 => known.prop_map(str::to_owned), 1 => "\\PC{0,40}"];
    let end = proptest::sample::select(vec!["\n", "\r\n", "\n\n", "\r"]);
    proptest::collection::vec((line, end), 0..30)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
}

proptest! {
    #[test]
    fn the_pieces_together_are_the_text(text in texts()) {
        let pieces = fold(&text);
        prop_assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), text.clone());
        for two in pieces.windows(2) {
            prop_assert_ne!(two[0].kind, two[1].kind);
        }
    }

    #[test]
    fn new_words_are_never_none_if_there_are_words(text in texts()) {
        prop_assert_eq!(new_words(&text).trim().is_empty(), text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty());
        let own = fold(&text).into_iter().filter(|piece| piece.kind == PieceKind::Own);
        for line in own.flat_map(|piece| piece.text.lines()).filter(|line| !line.trim().is_empty()) {
            prop_assert!(new_words(&text).contains(line.trim()));
        }
    }
}

//! [`Place`]: where a request comes from, and how.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, header};
use mailflow_core::ip_range::IpRange;

/// Where a request comes from, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The address of the browser or program; `None` if the server that runs the router does not tell it.
    pub address: Option<IpAddr>,
    /// Whether the way from there is protected by TLS.
    pub secure: bool,
}

impl Place {
    /// The place that was found for a request, else what its connection says.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().copied().unwrap_or_else(|| Self { address: peer(extensions), secure: false })
    }

    /// The place of a request that may have come through a proxy. Only what a proxy of ours says is believed: anybody
    /// else can write `X-Forwarded-For` too.
    #[must_use]
    pub fn behind(proxies: &[IpRange], extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = peer(extensions);
        let ours = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
        let Some(proxy) = peer.filter(|peer| ours(*peer)) else { return Self { address: peer, secure: false } };
        // Each proxy adds whom it was asked by at the end: the last one that is no proxy of ours is who asks.
        let mut asked_by = Some(proxy);
        for text in lists(headers, "x-forwarded-for").rev() {
            asked_by = address(text);
            if asked_by.is_none_or(|address| !ours(address)) {
                break;
            }
        }
        let secure =
            lists(headers, "x-forwarded-proto").next_back().is_some_and(|it| it.eq_ignore_ascii_case("https"));
        Self { address: asked_by.map(|it| it.to_canonical()), secure }
    }

    /// The address as it is kept in a session; empty if it is not known.
    #[must_use]
    pub fn text(&self) -> String {
        self.address.map(|address| address.to_canonical().to_string()).unwrap_or_default()
    }
}

fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical())
}

/// All values of a header that is a list, in their order.
fn lists<'a>(headers: &'a HeaderMap, name: &'static str) -> impl DoubleEndedIterator<Item = &'a str> {
    let texts = headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or("?"));
    texts.collect::<Vec<_>>().into_iter().flat_map(|text| text.split(',').map(str::trim))
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()))
}

/// The program that a request comes from, as it calls itself.
#[must_use]
pub fn program(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default()
}

impl<S: Send + Sync> FromRequestParts<S> for Place {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn place(peer: &str, said: &[(&'static str, &'static str)]) -> Place {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 5000)));
        let mut headers = HeaderMap::new();
        for (name, value) in said {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let proxies = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].map(|it| it.parse().unwrap());
        Place::behind(&proxies, &extensions, &headers)
    }

    fn address(peer: &str, said: &[(&'static str, &'static str)]) -> String {
        place(peer, said).text()
    }

    #[test]
    fn only_what_a_proxy_of_ours_says_is_believed() {
        let said = [("x-forwarded-for", "198.51.100.7"), ("x-forwarded-proto", "https")];
        assert_eq!(address("203.0.113.5", &said), "203.0.113.5");
        assert!(!place("203.0.113.5", &said).secure);
        assert_eq!(address("127.0.0.1", &said), "198.51.100.7");
        assert!(place("127.0.0.1", &said).secure);
        assert_eq!(address("::ffff:127.0.0.1", &said), "198.51.100.7");
        assert_eq!(address("127.0.0.1", &[]), "127.0.0.1");
        assert!(!place("127.0.0.1", &[("x-forwarded-proto", "http")]).secure);
    }

    #[test]
    fn what_a_client_wrote_itself_counts_for_nothing() {
        assert_eq!(address("127.0.0.1", &[("x-forwarded-for", "192.0.2.1, 198.51.100.7")]), "198.51.100.7");
        assert_eq!(address("127.0.0.1", &[("x-forwarded-for", "192.0.2.1, 198.51.100.7, 10.1.2.3")]), "198.51.100.7");
        let twice = [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "198.51.100.7")];
        assert_eq!(address("127.0.0.1", &twice), "198.51.100.7");
        assert_eq!(address("127.0.0.1", &[("x-forwarded-for", "198.51.100.7:4711")]), "198.51.100.7");
        assert_eq!(address("2001:db8::1", &[("x-forwarded-for", "[2001:db9::2]")]), "2001:db9::2");
        // A proxy that writes nonsense tells nothing: no address is in no range.
        assert_eq!(address("127.0.0.1", &[("x-forwarded-for", "192.0.2.1, unknown")]), "");
        let mixed = [("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")];
        assert!(!place("127.0.0.1", &mixed).secure);
    }
}

//! What stands before every view.
//!
//! Every page of the web can make a browser send requests to this address. So only requests that name it by a loopback
//! address are answered (a name that was rebound to 127.0.0.1 is another name), and of those that a page sent, only ours
//! (`Origin`, RFC 6454; `Sec-Fetch-Site`, W3C Fetch Metadata). A link from elsewhere may still open a view.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

const FOREIGN_HOST: &str = "The lab answers to 127.0.0.1 and localhost only: open it by the address that it printed.\n";
const FOREIGN_PAGE: &str = "Another site sent this request. The lab takes requests from its own pages only.\n";

/// Refuses foreign hosts and foreign pages, and says what a page may load: only what comes from here.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let refusal = why_not(request.method(), request.headers());
    let mut response = match refusal {
        Some(advice) => (StatusCode::FORBIDDEN, advice).into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: with it, browsers send `Origin: null` with our own forms, too.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
             base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
    );
    response
}

/// Why a request is not answered; none if it is.
fn why_not(method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let host = text("host").unwrap_or_default();
    if !is_loopback(host) {
        return Some(FOREIGN_HOST);
    }
    let is_own_page = text("origin").is_none_or(|origin| origin.strip_prefix("http://") == Some(host));
    let is_link = *method == Method::GET && text("sec-fetch-mode") == Some("navigate");
    let is_own_site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"));
    (!is_own_page || !(is_own_site || is_link)).then_some(FOREIGN_PAGE)
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    name.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::{is_loopback, why_not};
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

    #[test]
    fn only_loopback_hosts_are_answered() {
        for host in ["127.0.0.1:7878", "localhost:7878", "LOCALHOST", "[::1]:7878", "127.0.0.1", "[::1]"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["", "evil.example:7878", "127.0.0.1.evil.example", "localhost.evil.example:7878", "10.0.0.1:7878"]
        {
            assert!(!is_loopback(host), "{host}");
        }
    }

    fn is_answered(method: Method, headers: &[(&'static str, &'static str)]) -> bool {
        let mut all = HeaderMap::new();
        all.insert("host", HeaderValue::from_static("127.0.0.1:7878"));
        for (name, value) in headers {
            all.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        why_not(&method, &all).is_none()
    }

    #[test]
    fn requests_of_other_pages_are_refused() {
        for origin in ["http://evil.example", "https://127.0.0.1:7878", "http://127.0.0.1:3001", "null", ""] {
            assert!(!is_answered(Method::POST, &[("origin", origin)]), "{origin}");
            assert!(!is_answered(Method::GET, &[("origin", origin)]), "{origin}");
        }
        assert!(!is_answered(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        assert!(!is_answered(Method::POST, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")]));
    }

    #[test]
    fn own_pages_links_and_programs_are_answered() {
        assert!(is_answered(Method::POST, &[("origin", "http://127.0.0.1:7878"), ("sec-fetch-site", "same-origin")]));
        assert!(is_answered(Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]));
        assert!(is_answered(Method::GET, &[("sec-fetch-site", "none")]));
        assert!(is_answered(Method::POST, &[]), "a program that is no browser sends neither");
    }
}

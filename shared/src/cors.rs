//! Cross-origin requests (WHATWG Fetch, CORS protocol): off unless origins are configured.
//!
//! The decision is here and not in three libraries, because theirs differ in headers and in what they refuse; each
//! framework's middleware only carries it out.

/// Origins whose pages may call the API. Credentials are never allowed: tokens travel in a header.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<String>,
}

/// The headers to add to an answer.
pub type Headers = Vec<(&'static str, String)>;

impl Cors {
    /// Allows exactly these origins, such as `https://example.com`.
    pub fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    /// The headers of the 204 that answers a preflight; none if the request is none, or comes from another origin.
    pub fn preflight(&self, method: &str, origin: Option<&str>, request_method: Option<&str>) -> Option<Headers> {
        if method != "OPTIONS" {
            return None;
        }
        request_method?;
        let origin = self.allowed(origin)?;
        Some(vec![
            ("access-control-allow-origin", origin.to_owned()),
            ("access-control-allow-methods", "GET, HEAD, POST, PUT, PATCH, DELETE".to_owned()),
            (
                "access-control-allow-headers",
                "Authorization, Content-Type, If-Match, If-None-Match, X-Request-Id, Idempotency-Key".to_owned(),
            ),
            ("access-control-max-age", "600".to_owned()),
            ("vary", "Origin".to_owned()),
        ])
    }

    /// The headers that any other answer to this origin carries. Once there are origins, every answer varies by them: a
    /// cache must not give one page the answer made for another (Fetch, "CORS protocol and HTTP caches").
    pub fn headers(&self, origin: Option<&str>) -> Headers {
        let mut headers = Headers::new();
        if let Some(origin) = self.allowed(origin) {
            headers.push(("access-control-allow-origin", origin.to_owned()));
            let exposed = "ETag, Idempotency-Replayed, Link, Location, Retry-After, Server-Timing, X-Request-Id";
            headers.push(("access-control-expose-headers", exposed.to_owned()));
        }
        if !self.origins.is_empty() {
            headers.push(("vary", "Origin".to_owned()));
        }
        headers
    }

    fn allowed<'a>(&self, origin: Option<&'a str>) -> Option<&'a str> {
        origin.filter(|origin| self.origins.iter().any(|allowed| allowed == origin))
    }
}

#[cfg(test)]
mod tests {
    use super::Cors;

    #[test]
    fn only_configured_origins_are_answered() {
        let cors = Cors::new(vec!["https://a.example".into()]);
        assert!(cors.preflight("OPTIONS", Some("https://a.example"), Some("PUT")).is_some());
        assert!(cors.preflight("OPTIONS", Some("https://b.example"), Some("PUT")).is_none());
        assert!(cors.preflight("OPTIONS", Some("https://a.example"), None).is_none());
        assert!(cors.preflight("GET", Some("https://a.example"), Some("PUT")).is_none());
        assert_eq!(cors.headers(Some("https://a.example")).len(), 3);
        for other in [Some("https://a.example.evil"), None] {
            assert_eq!(cors.headers(other), [("vary", "Origin".to_owned())]);
        }
        assert!(Cors::default().headers(Some("https://a.example")).is_empty());
    }
}

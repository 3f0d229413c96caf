//! Paths and methods: which are one and the same, and which are not.

use crate::answer::{CaseError, Outcome};
use crate::request::Request;
use crate::world::World;

/// Each path with the methods that `Allow` must name.
const ALLOWED: [(&str, &str); 21] = [
    ("/api/hello", "GET,HEAD"),
    ("/api/auth/register", "POST"),
    ("/api/auth/login", "POST"),
    ("/api/auth/me", "GET,HEAD"),
    ("/api/users", "GET,HEAD,POST"),
    ("/api/users/01890000-0000-7000-8000-000000000000", "GET,HEAD,PUT,PATCH,DELETE"),
    ("/api/users/not-a-uuid", "GET,HEAD,PUT,PATCH,DELETE"),
    ("/api/users/01890000-0000-7000-8000-000000000000/orders", "GET,HEAD"),
    ("/api/users/not-a-uuid/orders", "GET,HEAD"),
    ("/api/products", "GET,HEAD,POST"),
    ("/api/products/01890000-0000-7000-8000-000000000000", "GET,HEAD,PUT,DELETE"),
    ("/api/products/not-a-uuid", "GET,HEAD,PUT,DELETE"),
    ("/api/orders", "POST"),
    ("/api/orders/01890000-0000-7000-8000-000000000000", "GET,HEAD,PATCH"),
    ("/api/reports/sales", "GET,HEAD"),
    ("/health/live", "GET,HEAD"),
    ("/health/ready", "GET,HEAD"),
    ("/metrics", "GET,HEAD"),
    ("/openapi.json", "GET,HEAD"),
    ("/docs", "GET,HEAD"),
    ("/problems/not-found", "GET,HEAD"),
];

cases!("paths";
    a_wrong_method_is_405_with_allow,
    an_unknown_method_is_405_on_a_known_path_and_404_on_others,
    a_method_in_lower_case_is_another_method,
    options_and_trace_are_405,
    an_unknown_path_is_404,
    a_trailing_slash_makes_another_path,
    empty_segments_make_another_path,
    dot_segments_are_not_resolved,
    paths_are_case_sensitive,
    encoded_letters_are_the_letters,
    an_encoded_slash_separates_nothing,
    an_encoded_id_is_the_id,
    bytes_that_are_no_utf_8_name_nothing,
    an_incomplete_escape_names_nothing,
    head_is_wherever_get_is,
    the_instance_is_the_path_as_it_was_sent,
    a_very_long_path_is_answered,
    an_absolute_request_target_is_its_path,
    an_http_1_0_request_is_answered,
);

async fn a_wrong_method_is_405_with_allow(world: &World) -> Outcome {
    for (path, allow) in ALLOWED {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            if allow.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let answer = world.send(Request::new(method, path)).await?;
            answer.status(405)?.header_is("allow", allow)?;
            if method != "HEAD" {
                answer.problem("method-not-allowed")?;
            }
        }
    }
    Ok(())
}

async fn an_unknown_method_is_405_on_a_known_path_and_404_on_others(world: &World) -> Outcome {
    for method in ["BREW", "PROPFIND", "X"] {
        for (path, allow) in ALLOWED {
            let answer = world.send(Request::new(method, path)).await?;
            answer.status(405)?.problem("method-not-allowed")?.header_is("allow", allow)?;
        }
        world.send(Request::new(method, "/api/nothing")).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn a_method_in_lower_case_is_another_method(world: &World) -> Outcome {
    // RFC 9110, section 9.1: the method is case-sensitive.
    for method in ["get", "Get", "gET"] {
        world.send(Request::new(method, "/api/hello")).await?.status(405)?.header_is("allow", "GET,HEAD")?;
    }
    Ok(())
}

async fn options_and_trace_are_405(world: &World) -> Outcome {
    for (path, allow) in ALLOWED {
        for method in ["OPTIONS", "TRACE"] {
            let answer = world.send(Request::new(method, path)).await?;
            answer.status(405)?.problem("method-not-allowed")?.header_is("allow", allow)?;
        }
    }
    // A preflight is an OPTIONS like any other, unless CORS is configured.
    let preflight = Request::new("OPTIONS", "/api/users").header("Origin", "https://elsewhere.test");
    let answer = world.send(preflight.header("Access-Control-Request-Method", "POST")).await?;
    answer.status(405)?.lacks_header("access-control-allow-origin")?.lacks_header("vary")?;
    let simple = Request::new("GET", "/api/hello").header("Origin", "https://elsewhere.test");
    world.send(simple).await?.status(200)?.lacks_header("access-control-allow-origin")?.lacks_header("vary")?;
    Ok(())
}

async fn missing(world: &World, path: &str) -> Outcome {
    for method in ["GET", "POST", "DELETE"] {
        world.send(Request::new(method, path)).await?.status(404)?.problem("not-found")?;
    }
    world.send(Request::new("HEAD", path)).await?.status(404)?;
    Ok(())
}

async fn an_unknown_path_is_404(world: &World) -> Outcome {
    for path in ["/", "/api", "/api/nothing", "/api/auth", "/api/users/1/2", "/api/hello/x", "/favicon.ico", "/health"]
    {
        missing(world, path).await?;
    }
    for path in ["/api/reports", "/api/reports/x", "/api/products/1/2", "/api/orders/1/lines", "/api/users/1/orders/2"]
    {
        missing(world, path).await?;
    }
    Ok(())
}

async fn a_trailing_slash_makes_another_path(world: &World) -> Outcome {
    for (path, _) in ALLOWED {
        // `/docs/` is left out: below it are the files of the page, one of which may have no name.
        if path != "/docs" {
            missing(world, &format!("{path}/")).await?;
        }
    }
    missing(world, "/api/hello/?x=1").await
}

async fn empty_segments_make_another_path(world: &World) -> Outcome {
    for path in [
        "//api/hello",
        "/api//hello",
        "///",
        "/api/users//",
        "/api//users/1",
        "//",
        "/api/hello//",
        "/api/users//orders",
        "/api/reports//sales",
    ] {
        missing(world, path).await?;
    }
    Ok(())
}

async fn dot_segments_are_not_resolved(world: &World) -> Outcome {
    for path in
        ["/api/../api/hello", "/api/./hello", "/./api/hello", "/../api/hello", "/api/hello/.", "/api/x/../hello"]
    {
        missing(world, path).await?;
    }
    Ok(())
}

async fn paths_are_case_sensitive(world: &World) -> Outcome {
    for path in ["/API/hello", "/api/Hello", "/Api/Users", "/HEALTH/live", "/api/Products", "/api/users/1/Orders"] {
        missing(world, path).await?;
    }
    Ok(())
}

async fn encoded_letters_are_the_letters(world: &World) -> Outcome {
    // RFC 3986, section 6.2.2.2: the two spellings are equivalent.
    for path in ["/%61pi/hello", "/api/h%65llo", "/%61%70%69/%68%65%6C%6c%6F", "/%6f%70enapi%2Ejson", "/healt%68/live"]
    {
        world.get(path).await?.status(200)?;
    }
    world.send(Request::new("POST", "/api/h%65llo")).await?.status(405)?.header_is("allow", "GET,HEAD")?;
    Ok(())
}

async fn an_encoded_slash_separates_nothing(world: &World) -> Outcome {
    for path in ["/api%2Fhello", "/api%2fhello", "/api/hello%2F", "/%2Fapi/hello", "/api/%2Fhello"] {
        missing(world, path).await?;
    }
    Ok(())
}

async fn an_encoded_id_is_the_id(world: &World) -> Outcome {
    let reader = world.reader().await?;
    let encoded: String = reader.id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let answer = world.get_as(&reader.token, &format!("/api/users/{encoded}")).await?;
    answer.status(200)?.has("/id", reader.id.as_str())?;
    let hyphens = reader.id.replace('-', "%2d");
    world.get_as(&reader.token, &format!("/%61pi/users/{hyphens}")).await?.status(200)?;
    world.get_as(&reader.token, &format!("/api/users/{encoded}/%6Frders")).await?.status(200)?;
    let product = world.create_product(1, 1).await?;
    let encoded: String = product.id.bytes().map(|byte| format!("%{byte:02x}")).collect();
    world.get(&format!("/api/%70roducts/{encoded}")).await?.status(200)?.has("/id", product.id)?;
    Ok(())
}

async fn bytes_that_are_no_utf_8_name_nothing(world: &World) -> Outcome {
    for path in ["/%FF", "/api/%C3%28", "/api/hello%FF", "/api/hello%00", "/%E0%80%AFapi/hello"] {
        missing(world, path).await?;
    }
    let reader = world.reader().await?;
    world.get("/api/users/%FF").await?.status(401)?.problem("token-missing")?;
    for id in ["%FF", "%C3%28", "%ED%A0%80", "%00"] {
        world.get_as(&reader.token, &format!("/api/users/{id}")).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn an_incomplete_escape_names_nothing(world: &World) -> Outcome {
    for path in ["/api/hello%", "/api/hello%6", "/api/hell%6", "/api/%zzhello"] {
        missing(world, path).await?;
    }
    let reader = world.reader().await?;
    for id in ["%", "%6", "%zz", "100%"] {
        world.get_as(&reader.token, &format!("/api/users/{id}")).await?.status(404)?.problem("not-found")?;
    }
    Ok(())
}

async fn head_is_wherever_get_is(world: &World) -> Outcome {
    let reader = world.reader().await?;
    let (own, nobody) = (reader.path(), "/api/users/01890000-0000-7000-8000-000000000000");
    let (product, orders) = (world.create_product(1, 1).await?.path(), format!("{}/orders?limit=1", reader.path()));
    let nothing = "/api/orders/01890000-0000-7000-8000-000000000000";
    let paths = [
        "/api/hello",
        "/api/auth/me",
        own.as_str(),
        nobody,
        "/api/users?limit=1",
        "/api/users?limit=0",
        product.as_str(),
        "/api/products/not-a-uuid",
        "/api/products?limit=0",
        orders.as_str(),
        nothing,
        "/api/reports/sales",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/docs",
        "/problems/not-found",
        "/problems/nothing",
        "/nothing",
    ];
    for path in paths {
        let get = world.get_as(&reader.token, path).await?;
        let head = world.send(Request::new("HEAD", path).bearer(&reader.token)).await?;
        head.status(get.status)?;
        for name in ["content-type", "content-length", "etag", "link", "cache-control"] {
            let same = head.header(name) == get.header(name);
            head.check(same, format_args!("the `{name}` of GET: {:?}", get.header(name)))?;
        }
    }
    world.send(Request::new("HEAD", "/api/auth/me")).await?.status(401)?.header_is("www-authenticate", "Bearer")?;
    world.send(Request::new("HEAD", "/metrics")).await?.status(200)?;
    Ok(())
}

async fn the_instance_is_the_path_as_it_was_sent(world: &World) -> Outcome {
    // That it is the path is held by the rules for every problem; these are the paths where it is easily lost.
    for path in ["/n%6Fthing?x=1", "/nothing/%2F/%FF", "//nothing", "/nothing;a=b", "/nothing%3Fx"] {
        let answer = world.get(path).await?;
        answer.status(404)?.problem("not-found")?.has("/instance", path.split('?').next().unwrap_or_default())?;
    }
    Ok(())
}

async fn a_very_long_path_is_answered(world: &World) -> Outcome {
    missing(world, &format!("/{}", "x".repeat(2_000))).await?;
    missing(world, &"/x".repeat(1_000)).await
}

async fn an_absolute_request_target_is_its_path(world: &World) -> Outcome {
    // RFC 9112, section 3.2.2: a server must accept this form.
    let bytes = b"GET http://api.test/api/hello HTTP/1.1\r\nHost: api.test\r\n\r\n";
    let answer = world.raw(bytes).await.map_err(|error| CaseError::new(error.to_string()))?;
    answer.status(200)?.has("/message", "Hello!")?;
    Ok(())
}

async fn an_http_1_0_request_is_answered(world: &World) -> Outcome {
    let answer = world.raw(b"GET /api/hello HTTP/1.0\r\n\r\n").await;
    let answer = answer.map_err(|error| CaseError::new(error.to_string()))?;
    answer.status(200)?.has("/message", "Hello!")?;
    Ok(())
}

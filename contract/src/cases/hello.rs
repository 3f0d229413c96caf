//! The smallest operation.

use crate::answer::Outcome;
use crate::request::Request;
use crate::world::World;

cases!("hello";
    hello_answers_the_greeting,
    hello_needs_no_token_and_ignores_a_bad_one,
    hello_ignores_a_query,
    hello_ignores_a_body,
    head_of_hello_has_the_headers_and_no_body,
);

async fn hello_answers_the_greeting(world: &World) -> Outcome {
    let answer = world.get("/api/hello").await?;
    answer.status(200)?.header_is("content-type", "application/json")?;
    answer.check(answer.text() == r#"{"message":"Hello!"}"#, r#"exactly {"message":"Hello!"}"#)?;
    Ok(())
}

async fn hello_needs_no_token_and_ignores_a_bad_one(world: &World) -> Outcome {
    world.get_as("garbage", "/api/hello").await?.status(200)?.has("/message", "Hello!")?;
    Ok(())
}

async fn hello_ignores_a_query(world: &World) -> Outcome {
    world.get("/api/hello?limit=0&unknown=1").await?.status(200)?.has("/message", "Hello!")?;
    Ok(())
}

async fn hello_ignores_a_body(world: &World) -> Outcome {
    let request = Request::new("GET", "/api/hello").json_text("{ no JSON");
    world.send(request).await?.status(200)?.has("/message", "Hello!")?;
    Ok(())
}

async fn head_of_hello_has_the_headers_and_no_body(world: &World) -> Outcome {
    let head = world.send(Request::new("HEAD", "/api/hello")).await?;
    head.status(200)?.header_is("content-type", "application/json")?.header_is("content-length", "20")?;
    Ok(())
}

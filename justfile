# Everything here can be done without `just`: each recipe is one cargo command.

# List the recipes.
[private]
default:
    @just --list --unsorted

# Start the lab: three frameworks over SQLite, and the page at http://127.0.0.1:7878.
[group('lab')]
lab *ARGS:
    cargo run -p lab -- {{ARGS}}

# Start the lab with every database built in: thirty variants. `just services up` starts the databases.
[group('lab')]
lab-all *ARGS:
    cargo run -p lab --features all-stores -- {{ARGS}}

# Show two implementations side by side: just diff axum rocket users::create
[group('lab')]
diff *ARGS:
    cargo run --quiet -p lab -- diff {{ARGS}}

# Time the variants against each other and against what can be had at most: just bench --quick
[group('check')]
bench *ARGS:
    cargo run --release -p lab -- bench {{ARGS}}

# Run the conformance suite against a server: just contract http://127.0.0.1:3000
[group('check')]
contract *ARGS:
    cargo run -p contract -- {{ARGS}}

# Measure what each part of a request costs, without a server: just bench-parts tokens
[group('check')]
bench-parts *ARGS:
    cargo bench -p shared -p store-memory -- {{ARGS}}

# Start, stop and show the databases that the examples and the tests use: just services up
[group('check')]
services *ARGS:
    infra/services {{ARGS}}

# Install what the tests need and run all of them.
[group('check')]
test *ARGS:
    ./test {{ARGS}}

# Flask and SQLAlchemy under gunicorn, the peer that the benchmark compares with: just run-flask --listen 127.0.0.1:3000
[group('run one variant')]
run-flask *ARGS:
    scripts/flask {{ARGS}}

# axum, data in the memory of the process.
[group('run one variant')]
run-axum-memory *ARGS:
    cargo run -p server --no-default-features --features axum,memory -- --framework axum --store memory {{ARGS}}

# axum, Diesel: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-axum-diesel *ARGS:
    cargo run -p server --no-default-features --features axum,diesel -- --framework axum --store diesel {{ARGS}}

# axum, SeaORM: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-axum-sea-orm *ARGS:
    cargo run -p server --no-default-features --features axum,sea-orm -- --framework axum --store sea-orm {{ARGS}}

# axum, MongoDB.
[group('run one variant')]
run-axum-mongodb *ARGS:
    cargo run -p server --no-default-features --features axum,mongodb -- --framework axum --store mongodb {{ARGS}}

# axum, Redis or Valkey.
[group('run one variant')]
run-axum-redis *ARGS:
    cargo run -p server --no-default-features --features axum,redis -- --framework axum --store redis {{ARGS}}

# axum, Amazon DynamoDB.
[group('run one variant')]
run-axum-dynamodb *ARGS:
    cargo run -p server --no-default-features --features axum,dynamodb -- --framework axum --store dynamodb {{ARGS}}

# actix-web, data in the memory of the process.
[group('run one variant')]
run-actix-memory *ARGS:
    cargo run -p server --no-default-features --features actix,memory -- --framework actix --store memory {{ARGS}}

# actix-web, Diesel: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-actix-diesel *ARGS:
    cargo run -p server --no-default-features --features actix,diesel -- --framework actix --store diesel {{ARGS}}

# actix-web, SeaORM: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-actix-sea-orm *ARGS:
    cargo run -p server --no-default-features --features actix,sea-orm -- --framework actix --store sea-orm {{ARGS}}

# actix-web, MongoDB.
[group('run one variant')]
run-actix-mongodb *ARGS:
    cargo run -p server --no-default-features --features actix,mongodb -- --framework actix --store mongodb {{ARGS}}

# actix-web, Redis or Valkey.
[group('run one variant')]
run-actix-redis *ARGS:
    cargo run -p server --no-default-features --features actix,redis -- --framework actix --store redis {{ARGS}}

# actix-web, Amazon DynamoDB.
[group('run one variant')]
run-actix-dynamodb *ARGS:
    cargo run -p server --no-default-features --features actix,dynamodb -- --framework actix --store dynamodb {{ARGS}}

# Rocket, data in the memory of the process.
[group('run one variant')]
run-rocket-memory *ARGS:
    cargo run -p server --no-default-features --features rocket,memory -- --framework rocket --store memory {{ARGS}}

# Rocket, Diesel: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-rocket-diesel *ARGS:
    cargo run -p server --no-default-features --features rocket,diesel -- --framework rocket --store diesel {{ARGS}}

# Rocket, SeaORM: SQLite, or the PostgreSQL or MySQL of --database-url.
[group('run one variant')]
run-rocket-sea-orm *ARGS:
    cargo run -p server --no-default-features --features rocket,sea-orm -- --framework rocket --store sea-orm {{ARGS}}

# Rocket, MongoDB.
[group('run one variant')]
run-rocket-mongodb *ARGS:
    cargo run -p server --no-default-features --features rocket,mongodb -- --framework rocket --store mongodb {{ARGS}}

# Rocket, Redis or Valkey.
[group('run one variant')]
run-rocket-redis *ARGS:
    cargo run -p server --no-default-features --features rocket,redis -- --framework rocket --store redis {{ARGS}}

# Rocket, Amazon DynamoDB.
[group('run one variant')]
run-rocket-dynamodb *ARGS:
    cargo run -p server --no-default-features --features rocket,dynamodb -- --framework rocket --store dynamodb {{ARGS}}

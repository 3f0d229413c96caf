# Everything here can be done without `just`: each recipe is one cargo command.

# List the recipes.
[private]
default:
    @just --list --unsorted

# Start the lab: three frameworks over SQLite, and the page at http://127.0.0.1:7878.
[group('lab')]
lab *ARGS:
    cargo run -p lab -- {{ARGS}}

# Show two implementations side by side: just diff axum rocket users::create
[group('lab')]
diff *ARGS:
    cargo run --quiet -p lab -- diff {{ARGS}}

# Run the conformance suite against a server: just contract http://127.0.0.1:3000
[group('check')]
contract *ARGS:
    cargo run -p contract -- {{ARGS}}

# Start, stop and show the databases that the examples and the tests use: just services up
[group('check')]
services *ARGS:
    infra/services {{ARGS}}

# Install what the tests need and run all of them.
[group('check')]
test *ARGS:
    ./test {{ARGS}}

# axum, data in the memory of the process.
[group('run one variant')]
run-axum-memory *ARGS:
    cargo run -p server --no-default-features --features axum,memory -- --framework axum --store memory {{ARGS}}

# axum, SQLite through Diesel.
[group('run one variant')]
run-axum-diesel *ARGS:
    cargo run -p server --no-default-features --features axum,diesel -- --framework axum --store diesel-sqlite {{ARGS}}

# axum, SQLite through SeaORM.
[group('run one variant')]
run-axum-sea-orm *ARGS:
    cargo run -p server --no-default-features --features axum,sea-orm -- --framework axum --store sea-orm-sqlite {{ARGS}}

# actix-web, data in the memory of the process.
[group('run one variant')]
run-actix-memory *ARGS:
    cargo run -p server --no-default-features --features actix,memory -- --framework actix --store memory {{ARGS}}

# actix-web, SQLite through Diesel.
[group('run one variant')]
run-actix-diesel *ARGS:
    cargo run -p server --no-default-features --features actix,diesel -- --framework actix --store diesel-sqlite {{ARGS}}

# actix-web, SQLite through SeaORM.
[group('run one variant')]
run-actix-sea-orm *ARGS:
    cargo run -p server --no-default-features --features actix,sea-orm -- --framework actix --store sea-orm-sqlite {{ARGS}}

# Rocket, data in the memory of the process.
[group('run one variant')]
run-rocket-memory *ARGS:
    cargo run -p server --no-default-features --features rocket,memory -- --framework rocket --store memory {{ARGS}}

# Rocket, SQLite through Diesel.
[group('run one variant')]
run-rocket-diesel *ARGS:
    cargo run -p server --no-default-features --features rocket,diesel -- --framework rocket --store diesel-sqlite {{ARGS}}

# Rocket, SQLite through SeaORM.
[group('run one variant')]
run-rocket-sea-orm *ARGS:
    cargo run -p server --no-default-features --features rocket,sea-orm -- --framework rocket --store sea-orm-sqlite {{ARGS}}

//! The project's tables, as Diesel wants to know them.

diesel::table! {
    users (id) {
        id -> Text,
        name -> Text,
        email -> Text,
        email_key -> Text,
        password_hash -> Text,
        role -> Text,
        version -> BigInt,
        credentials_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    products (id) {
        id -> Text,
        sku -> Text,
        name -> Text,
        category -> Text,
        price_cents -> BigInt,
        stock -> BigInt,
        attributes -> Text,
        version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

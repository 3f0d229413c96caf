//! The demo products: ten in each of six categories.

use super::{FIRST_MILLIS, STEP_MILLIS, at, id, pick, spread};
use crate::domain::{AttributeValue, Attributes, Number, Product, ProductId};
use std::collections::BTreeMap;

/// How many demo products there are.
pub const PRODUCTS: u64 = 60;

/// Their ids are spread from other numbers than the users'.
const OFFSET: u64 = 1_000_000;

/// A category: the beginning of its SKUs, its things, the price of the cheapest, and what only its things have.
type Category = (&'static str, &'static str, [&'static str; 10], i64, [&'static str; 3]);

const CATEGORIES: [Category; 6] = [
    (
        "Books",
        "BOOK",
        [
            "Atlas of the Moon",
            "Baking Bread",
            "Chess for Two",
            "Dictionary of Knots",
            "Essays on Tides",
            "Field Guide to Ferns",
            "Grammar of Clouds",
            "History of Paper",
            "Letters from Sea",
            "Mathematics for Evenings",
        ],
        1_190,
        ["pages", "hardcover", "language"],
    ),
    (
        "Electronics",
        "ELEC",
        [
            "Alarm Clock",
            "Bluetooth Speaker",
            "Camera",
            "Desk Lamp",
            "E-Reader",
            "Headphones",
            "Keyboard",
            "Monitor",
            "Power Bank",
            "Webcam",
        ],
        2_990,
        ["watts", "wireless", "color"],
    ),
    (
        "Garden",
        "GARD",
        [
            "Bird House",
            "Compost Bin",
            "Garden Hose",
            "Gloves",
            "Hand Trowel",
            "Lantern",
            "Plant Pot",
            "Pruning Shears",
            "Rake",
            "Watering Can",
        ],
        690,
        ["weight_kg", "weatherproof", "material"],
    ),
    (
        "Kitchen",
        "KITC",
        [
            "Bread Knife",
            "Colander",
            "Cutting Board",
            "Espresso Pot",
            "Frying Pan",
            "Kettle",
            "Mixing Bowl",
            "Pepper Mill",
            "Salad Spinner",
            "Whisk",
        ],
        890,
        ["capacity_l", "dishwasher_safe", "material"],
    ),
    (
        "Sports",
        "SPOR",
        [
            "Badminton Set",
            "Basketball",
            "Climbing Rope",
            "Foam Roller",
            "Jump Rope",
            "Kettlebell",
            "Running Belt",
            "Swim Goggles",
            "Tennis Racket",
            "Yoga Mat",
        ],
        1_490,
        ["weight_kg", "indoor", "color"],
    ),
    (
        "Toys",
        "TOYS",
        [
            "Abacus",
            "Balance Bike",
            "Building Blocks",
            "Card Game",
            "Kite",
            "Marble Run",
            "Puzzle",
            "Rocking Horse",
            "Spinning Top",
            "Wooden Train",
        ],
        990,
        ["age_from", "battery", "material"],
    ),
];

/// The demo product of this number, 1 to [`PRODUCTS`].
pub fn product(number: u64) -> Product {
    let index = number.saturating_sub(1);
    let (category, prefix, names, cheapest, [measure, flag, text]) = pick_category(index / 10);
    let created_at = at(FIRST_MILLIS + number * STEP_MILLIS / 10);
    let within = index % 10;
    let chance = spread(OFFSET + number);
    let rounded = |number: u64| i64::try_from(number).unwrap_or_default();
    let size = f64::from(u32::try_from(chance % 400 + 1).unwrap_or_default());
    let measured = if measure.contains('_') && measure != "age_from" { size / 8.0 } else { size };
    let words = match text {
        "language" => ["English", "German", "Spanish", "French"],
        "color" => ["black", "white", "red", "blue"],
        _ => ["wood", "steel", "cotton", "glass"],
    };
    let attributes = BTreeMap::from([
        (
            measure.to_owned(),
            AttributeValue::Number(Number::new(if measure == "age_from" { size % 10.0 } else { measured })),
        ),
        (flag.to_owned(), AttributeValue::Flag(chance.is_multiple_of(2))),
        (text.to_owned(), AttributeValue::Text(pick(&words, chance / 7).to_owned())),
    ]);
    Product {
        id: ProductId::from_bytes(id(FIRST_MILLIS + number * STEP_MILLIS / 10, OFFSET + number)),
        sku: format!("{prefix}-{:02}", within + 1),
        name: pick(&names, within).to_owned(),
        category: category.to_owned(),
        price_cents: cheapest + rounded(chance % 40) * 250,
        // Enough for all demo orders, and every tenth is nearly sold out by them.
        stock: if within == 9 { 60 } else { 200 + rounded(chance % 10) * 10 },
        attributes: Attributes(attributes),
        version: 1,
        created_at,
        updated_at: created_at,
    }
}

fn pick_category(index: u64) -> Category {
    pick(&CATEGORIES, index)
}

mod comparison;
mod figures;
mod page;
mod schema;

//! The lab: what people run to read, try and compare the variants.
//!
//! | module | what it is |
//! | --- | --- |
//! | [`run`] | demo data, one process a variant, and the page that shows what runs where |
//! | [`compare`] | `lab diff axum rocket users::create`: two implementations side by side, cut from the real source |
//!
//! The lab sees `server` and, through it, every variant that was built in. It serves no request of the API itself.

pub mod compare;
pub mod run;

//! A new password hash, again and again, on a thread for each task: what a sign-in costs at least, whatever is around it. The
//! parameters are those of `shared/src/passwords.rs`, and memory is kept between hashes as there.

use super::Settings;
use super::measured::{Measured, on_threads};
use crate::failure::{BoxError, Failure};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use std::hint::black_box;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

pub fn run(settings: &Settings) -> Result<Measured, Failure> {
    let maker = || {
        let mut memory = vec![Block::default(); Params::DEFAULT.block_count()];
        Ok(move || hash(&mut memory).map(|()| 1))
    };
    on_threads(settings, vec![maker; settings.tasks.get()])
}

fn hash(memory: &mut [Block]) -> Result<(), BoxError> {
    let (mut salt, mut hash) = ([0; SALT_BYTES], [0; HASH_BYTES]);
    getrandom::fill(&mut salt)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    argon2.hash_password_into_with_memory(b"correct horse battery staple", &salt, &mut hash, memory)?;
    black_box(hash);
    Ok(())
}

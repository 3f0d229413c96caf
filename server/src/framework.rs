//! Which frameworks were built in, and how each is started.

use clap::ValueEnum;
use shared::app::App;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// A framework that serves the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Framework {
    /// axum.
    #[cfg(feature = "axum")]
    Axum,
    /// actix-web.
    #[cfg(feature = "actix")]
    Actix,
    /// Rocket.
    #[cfg(feature = "rocket")]
    Rocket,
}

impl Framework {
    /// Serves `app` until its drain ends it.
    ///
    /// # Errors
    /// If `listen` cannot be listened on.
    pub async fn serve(
        self,
        app: App,
        listen: SocketAddr,
        on_listening: impl FnOnce(SocketAddr) + Send + 'static,
    ) -> io::Result<()> {
        match self {
            #[cfg(feature = "axum")]
            Self::Axum => framework_axum::serve(app, listen, on_listening).await,
            #[cfg(feature = "actix")]
            Self::Actix => framework_actix::serve(app, listen, on_listening).await,
            #[cfg(feature = "rocket")]
            Self::Rocket => framework_rocket::serve(app, listen, on_listening).await,
        }
    }
}

impl fmt::Display for Framework {
    /// As on the command line.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_possible_value().map_or(Ok(()), |value| formatter.write_str(value.get_name()))
    }
}

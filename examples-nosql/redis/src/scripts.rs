//! The scripts, each in a constant named like its file.
//!
//! A file of its own, which no sibling has: only Redis is told what to do by programs.

use redis::Cmd;
use std::sync::OnceLock;

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $command:literal $file:literal $arguments:expr $(, [$($of_each_line:expr),+])?;)+) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: Script = Script {
                name: $file,
                arguments: $arguments,
                of_each_line: &[$($($of_each_line),+)?],
                command: $command,
                text: include_str!(concat!("scripts/", $file)),
                hash: OnceLock::new(),
            };
        )+

        /// All of them.
        pub(crate) static SCRIPTS: &[&Script] = &[$(&$name),+];
    };
}

// `EVALSHA_RO` lets Redis refuse whatever a mistake in a script that reads would write.
scripts! {
    /// A page of users or of products.
    LIST = "EVALSHA_RO" "list.lua" &["text", "text", "text", "integer"];

    /// Keeps a new user.
    INSERT_USER = "EVALSHA" "insert_user.lua" &USER;
    /// Two look-ups in one round trip.
    FIND_USER_BY_EMAIL = "EVALSHA_RO" "find_user_by_email.lua" &["text", "text"];
    /// Compare-and-swap.
    UPDATE_USER = "EVALSHA" "update_user.lua" &USER;
    /// Compare-and-remove, if there is no order.
    DELETE_USER = "EVALSHA" "delete_user.lua" &["text", "integer"];

    /// Keeps a new product.
    INSERT_PRODUCT = "EVALSHA" "insert_product.lua" &PRODUCT;
    /// Several look-ups in one round trip.
    FIND_PRODUCTS = "EVALSHA_RO" "find_products.lua" &[];
    /// Compare-and-swap.
    UPDATE_PRODUCT = "EVALSHA" "update_product.lua" &PRODUCT;
    /// Compare-and-remove.
    DELETE_PRODUCT = "EVALSHA" "delete_product.lua" &["text", "integer"];

    /// A page of a customer's orders.
    LIST_ORDERS = "EVALSHA_RO" "list_orders.lua" &["text", "text", "integer"];
    /// Keeps a new order and takes its stock.
    PLACE_ORDER = "EVALSHA" "place_order.lua" &ORDER, ["integer"];
    /// An order with its customer's name.
    FIND_ORDER = "EVALSHA_RO" "find_order.lua" &["text"];
    /// An order with its customer's name.
    FIND_ORDER_BY_KEY = "EVALSHA_RO" "find_order_by_key.lua" &["text", "text"];
    /// Compare-and-swap, with what goes with the status.
    UPDATE_ORDER = "EVALSHA" "update_order.lua" &STATUS, ["integer", "text", "integer", "integer", "integer"];

    /// Adds up what was counted.
    SALES = "EVALSHA_RO" "sales.lua" &["text", "text", "text"];

    /// Brings the layout up to date.
    UPGRADE = "EVALSHA" "upgrade.lua" &["integer"];
}

/// As `schema::write_user` gives them; after them, the expected version.
const USER: [&str; 11] =
    ["text", "text", "text", "text", "text", "text", "integer", "integer", "integer", "integer", "integer"];

/// As `schema::write_product` gives them; after them, the expected version.
const PRODUCT: [&str; 11] =
    ["text", "text", "text", "text", "integer", "integer", "text", "integer", "integer", "integer", "integer"];

/// As `schema::write_order` gives them.
const ORDER: [&str; 11] =
    ["text", "text", "text", "text", "integer", "integer", "integer", "text", "integer", "integer", "integer"];

/// As `orders::update` gives them.
const STATUS: [&str; 8] = ["text", "text", "text", "integer", "integer", "integer", "text", "integer"];

/// A script that Redis runs alone, between the commands of all others.
///
/// A script and not a function (`FUNCTION LOAD`): a script is named by the hash of its text, so that during an upgrade
/// the old program and the new one each run their own. Functions belong to the server, and the last one loaded wins.
pub(crate) struct Script {
    /// The file's name.
    pub(crate) name: &'static str,
    /// What kind of thing each of its `ARGV` is.
    arguments: &'static [&'static str],
    /// Likewise of those that follow, once for each line of an order.
    of_each_line: &'static [&'static str],
    command: &'static str,
    text: &'static str,
    hash: OnceLock<String>,
}

impl Script {
    fn hash(&self) -> &str {
        self.hash.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned())
    }

    /// The command that runs it on these keys; its arguments are still to be added.
    pub(crate) fn command(&self, keys: &[&str]) -> Cmd {
        redis::cmd(self.command).arg(self.hash()).arg(keys.len()).arg(keys).take()
    }

    /// The command that makes Redis know it, until Redis is started again.
    pub(crate) fn load_command(&self) -> Cmd {
        redis::cmd("SCRIPT").arg("LOAD").arg(self.text).take()
    }

    /// What kind of thing each of so many arguments is.
    pub(crate) fn kinds(&self, count: usize) -> impl Iterator<Item = &'static str> {
        self.arguments.iter().chain(self.of_each_line.iter().cycle()).take(count).copied()
    }

    /// The one that an argument of a command means, by its hash or its text.
    pub(crate) fn meant_by(argument: &str) -> Option<&'static Self> {
        SCRIPTS.iter().copied().find(|script| argument == script.hash() || argument == script.text)
    }
}

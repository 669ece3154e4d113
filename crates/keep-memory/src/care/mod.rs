//! What a text is looked over for before it is remembered: secrets that anybody would know by their form,
//! words that give orders to whoever reads them, and characters that nobody sees. Pure: text in, findings
//! out.
//!
//! A finding is a reason to ask, not a proof. What the vault knows is found by the redactor, whatever its
//! form; this knows forms only, and only those that hardly anything else has.

mod assigned;
mod form;
mod hidden;
mod orders;
mod phrase;
mod random;
mod secret;
mod shapes;
mod url;

pub use hidden::visible;
pub use orders::{Orders, reads_like_orders};
pub use secret::{Secret, secrets, without};

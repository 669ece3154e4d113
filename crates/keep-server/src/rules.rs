//! Rules that a person changes while the server runs: in a file, or by an answer in another process.

use crate::house::House;
use keep_app::RulesNews;
use std::time::Duration;

/// A person who changed a rule tries it a moment later. A look reads two folders' entries.
const LOOK: Duration = Duration::from_secs(1);

/// Watches until the server ends.
pub(crate) async fn watch(house: House) {
    loop {
        tokio::select! {
            () = house.ending.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let looking = house.clone();
        let news = tokio::task::spawn_blocking(move || looking.app.look_at_rules()).await;
        match news {
            Ok(RulesNews::Nothing) => {}
            Ok(RulesNews::InForce(rules)) => {
                house.log.line(&format!("the rules changed: {rules} are in force"));
            }
            Ok(RulesNews::Broken(why)) => {
                house.log.line(&format!("the rules changed and do not load; those from before stay: {why}"));
            }
            Err(error) => house.log.line(&format!("looking at the rules: {error}")),
        }
    }
}

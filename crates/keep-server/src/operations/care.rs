use crate::house::House;
use crate::problem::Problem;
use crate::view::{CheckView, Page, StatusView};
use keep_types::Caller;

/// How the house is.
pub(crate) async fn status(house: &House, caller: &Caller) -> Result<StatusView, Problem> {
    Ok(house.app.status(caller).await?.into())
}

/// Looks at everything, for what is wrong.
pub(crate) async fn doctor(house: &House, caller: &Caller) -> Result<Page<CheckView>, Problem> {
    let (house, caller) = (house.clone(), caller.clone());
    let runtime = tokio::runtime::Handle::current();
    // It reads the whole database and checks every record.
    let checked =
        tokio::task::spawn_blocking(move || runtime.block_on(house.app.doctor(&caller, &mut |_, _| {})));
    let checks =
        checked.await.map_err(|error| Problem::internal(format!("looking at everything: {error}")))??;
    Ok(Page { items: checks.into_iter().map(Into::into).collect(), next: None })
}

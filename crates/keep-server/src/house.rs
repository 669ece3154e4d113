use crate::counts::Counts;
use crate::growth::Growth;
use crate::guard::Limits;
use crate::listen::Room;
use crate::log::Log;
use crate::names::Names;
use crate::notices::Notices;
use crate::repeats::Repeats;
use crate::sessions::Sessions;
use crate::watch::Watch;
use keep_app::App;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What was begun has ended when the installation is asked back; what its tasks held goes a moment later.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// A comment now and then tells both sides of a stream that the other is still there.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Two seconds of looking.
const LOOKS: u32 = 200;

/// What the binary hands in.
pub struct Setting {
    /// The open installation.
    pub app: App,
    /// Where the server says what it did.
    pub log: Arc<dyn Log>,
}

/// What every handler works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct House(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) names: Names,
    pub(crate) sessions: Sessions,
    pub(crate) repeats: Repeats,
    pub(crate) limits: Limits,
    pub(crate) counts: Counts,
    pub(crate) growth: Growth,
    pub(crate) watch: Watch,
    pub(crate) notices: Notices,
    pub(crate) room: Room,
    /// How often a stream that has nothing to say shows that it is there.
    pub(crate) heartbeat: RwLock<Duration>,
    /// Everything that was begun; the server ends when it has ended.
    pub(crate) tasks: TaskTracker,
    /// Set when the server is to end: streams stop, nothing new begins.
    pub(crate) ending: CancellationToken,
}

impl std::ops::Deref for House {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl House {
    pub(crate) fn new(setting: Setting, names: Names) -> Self {
        Self::with_limits(setting, names, Limits::default(), Room::default())
    }

    pub(crate) fn with_limits(setting: Setting, names: Names, limits: Limits, room: Room) -> Self {
        Self(Arc::new(Inner {
            app: setting.app,
            log: setting.log,
            names,
            sessions: Sessions::default(),
            repeats: Repeats::default(),
            limits,
            counts: Counts::default(),
            growth: Growth::default(),
            watch: Watch::default(),
            notices: Notices::default(),
            room,
            heartbeat: RwLock::new(HEARTBEAT),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
        }))
    }

    /// How often a stream that has nothing to say shows that it is there.
    pub(crate) fn heartbeat(&self) -> Duration {
        *self.heartbeat.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The installation again, once nobody works with it any more; none when somebody does not let go.
    pub(crate) async fn into_app(self) -> Option<App> {
        for _ in 0..LOOKS {
            if Arc::strong_count(&self.0) == 1 {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Arc::into_inner(self.0).map(|inner| inner.app)
    }

    /// Bytes as whoever asked may see them: what became a secret since it was stored is marked.
    pub(crate) fn cleaned(&self, bytes: &[u8]) -> Vec<u8> {
        self.app.cleaner().bytes(bytes).into_owned()
    }
}

//! How requests go out. `object_store` can bring reqwest along, but that asks the environment for
//! proxies and certificates and is twice the code; what S3 needs of HTTP is this much.
//!
//! A redirection is not followed: it would carry a signed request to another host. Proxies are not
//! spoken to.

use super::{Patience, Roots};
use async_trait::async_trait;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::client::{
    HttpClient, HttpConnector as Connects, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody,
    HttpResponse, HttpResponseBody, HttpService,
};
use object_store::{ClientConfigKey, ClientOptions};
use rustls::{ClientConfig, RootCertStore, crypto};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, timeout};

/// Connections that wait for the next request to one host; the rest are closed.
const IDLE_PER_HOST: usize = 16;

#[derive(Debug)]
pub(super) struct Connector {
    roots: Roots,
    patience: Patience,
}

impl Connector {
    pub(super) fn new(roots: Roots, patience: Patience) -> Self {
        Self { roots, patience }
    }

    fn tls(&self, allow_http: bool) -> Result<ClientConfig, object_store::Error> {
        let failed = |source| object_store::Error::Generic { store: "tls", source };
        let roots = match self.roots.load() {
            Ok(roots) => roots,
            // A machine without certificates can still speak to its own; nothing else will be believed.
            Err(_) if allow_http => RootCertStore::empty(),
            Err(error) => return Err(failed(Box::new(error))),
        };
        let provider = Arc::new(crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| failed(Box::new(e)))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

impl Connects for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let allow_http = options.get_config_value(&ClientConfigKey::AllowHttp).as_deref() == Some("true");
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(self.patience.connect));
        let schemes = HttpsConnectorBuilder::new().with_tls_config(self.tls(allow_http)?);
        let schemes = if allow_http { schemes.https_or_http() } else { schemes.https_only() };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_timer(TokioTimer::new())
            .build(schemes.enable_http1().wrap_connector(tcp));
        Ok(HttpClient::new(Sender { client, patience: self.patience.clone() }))
    }
}

#[derive(Debug)]
struct Sender {
    client: Client<HttpsConnector<HttpConnector>, HttpRequestBody>,
    patience: Patience,
}

#[async_trait]
impl HttpService for Sender {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let answered = timeout(self.patience.answer, self.client.request(request)).await;
        let answer = match answered {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) if error.is_connect() => {
                return Err(HttpError::new(HttpErrorKind::Connect, error));
            }
            // A connection that broke before an answer came; what may be repeated is repeated.
            Ok(Err(error)) => return Err(HttpError::new(HttpErrorKind::Request, error)),
            Err(elapsed) => return Err(HttpError::new(HttpErrorKind::Timeout, elapsed)),
        };
        let silence = self.patience.silence;
        Ok(answer.map(|body| HttpResponseBody::new(Timed { body, silence, alarm: Box::pin(sleep(silence)) })))
    }
}

/// A body that fails when nothing comes for too long.
struct Timed {
    body: Incoming,
    silence: Duration,
    alarm: Pin<Box<Sleep>>,
}

#[derive(Debug, thiserror::Error)]
#[error("nothing came for {0:?}")]
struct Silent(Duration);

impl Body for Timed {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let next = Instant::now() + self.silence;
            self.alarm.as_mut().reset(next);
            return Poll::Ready(
                frame.map(|got| got.map_err(|e| HttpError::new(HttpErrorKind::Interrupted, e))),
            );
        }
        if self.alarm.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(HttpError::new(HttpErrorKind::Timeout, Silent(self.silence)))));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

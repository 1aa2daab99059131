//! Room for bodies: how much memory the bodies being taken may use together. A body takes the room it announces,
//! or that of the largest one; when there is none for a while, the sender is asked to come again.

use crate::domain::instant::Duration;
use crate::shell::telemetry::Metrics;
use crate::shell::web::problem::Problem;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use std::sync::Arc;
use std::time::Duration as StdDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long room is waited for; senders such as EventBridge give up after five seconds.
const WAIT: StdDuration = StdDuration::from_secs(1);
/// The unit of room, in bytes.
const UNIT: usize = 1024;

/// Room for bodies.
pub struct Room {
    units: Arc<Semaphore>,
    wait: StdDuration,
    body_timeout: StdDuration,
    metrics: Arc<Metrics>,
}

/// A body, and the room it takes until it is dropped.
pub struct Taken {
    /// The bytes as they came off the wire.
    pub bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

impl Room {
    /// So many bytes of room, for bodies that may take so long to come in.
    pub fn new(bytes: usize, body_timeout: Duration, metrics: Arc<Metrics>) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self {
            units: Arc::new(Semaphore::new(units)),
            wait: WAIT,
            body_timeout: body_timeout.to_std().unwrap_or_default(),
            metrics,
        }
    }

    /// The whole body, if it is within the limit, there is room, and it comes in time.
    pub async fn read(&self, body: Body, headers: &HeaderMap, limit: usize) -> Result<Taken, Problem> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let announced = announced.map(|announced| usize::try_from(announced).unwrap_or(usize::MAX));
        if announced.is_some_and(|announced| announced > limit) {
            return Err(too_large(limit));
        }
        let room = self.take(announced.unwrap_or(limit)).await?;
        let Ok(read) = tokio::time::timeout(self.body_timeout, axum::body::to_bytes(body, limit)).await else {
            self.metrics.turn_away("slow-body");
            let detail = format!("a body may take {} s to come in", self.body_timeout.as_secs());
            return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body came in too slowly", detail)
                .hint("nothing was taken; send it again, or raise `body_timeout` under [server]"));
        };
        let bytes = read.map_err(|error| broken(&error, limit))?;
        Ok(Taken { bytes, _room: room })
    }

    async fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        match tokio::time::timeout(self.wait, Arc::clone(&self.units).acquire_many_owned(units)).await {
            Ok(Ok(room)) => Ok(room),
            _ => {
                self.metrics.turn_away("busy");
                Err(Problem::busy("there is no room for another body at the moment"))
            }
        }
    }
}

fn too_large(limit: usize) -> Problem {
    let detail = format!("a body may have {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is too large", detail)
        .hint("send fewer events at once, or raise `body_limit_kib`")
}

fn broken(error: &axum::Error, limit: usize) -> Problem {
    let limited = std::error::Error::source(error).is_some_and(|source| source.to_string().contains("limit"));
    if limited || error.to_string().contains("limit") {
        return too_large(limit);
    }
    Problem::new(StatusCode::BAD_REQUEST, "broken-body", "the body broke off", "the connection ended before the body did")
        .hint("send it again; nothing was taken")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::HttpBody;
    use hyper::body::Frame;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    fn room() -> Room {
        let room = Room::new(4096, Duration::milliseconds(20), Metrics::new());
        Room { wait: StdDuration::from_millis(20), ..room }
    }

    async fn read(room: &Room, bytes: usize) -> Result<Taken, Problem> {
        let headers = HeaderMap::from_iter([(header::CONTENT_LENGTH, bytes.into())]);
        room.read(Body::from(vec![b'x'; bytes]), &headers, 4096).await
    }

    #[tokio::test]
    async fn a_body_waits_for_room_and_is_asked_to_come_again_when_none_comes_free() {
        let room = room();
        let (first, second) = (read(&room, 2048).await.expect("room"), read(&room, 1025).await.expect("room"));
        let refused = read(&room, 1).await.err().expect("two units and two are all there are");
        assert_eq!((refused.status(), refused.code()), (StatusCode::TOO_MANY_REQUESTS, "busy"));
        assert!(room.metrics.render().contains("requests_turned_away_total{reason=\"busy\"} 1"));
        drop(second);
        assert_eq!(read(&room, 2048).await.expect("room again").bytes.len(), 2048);
        // A body that does not say how long it is takes the room of the largest.
        let no_headers = HeaderMap::new();
        let unannounced = || room.read(Body::from("short"), &no_headers, 4096);
        assert_eq!(unannounced().await.err().expect("half of the room is taken").code(), "busy");
        drop(first);
        assert_eq!(unannounced().await.expect("all of the room").bytes, "short");
        assert_eq!(read(&room, 4097).await.err().expect("too large").status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    struct Never;

    impl HttpBody for Never {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_never_ends_loses_its_room() {
        let room = room();
        let slow = room.read(Body::new(Never), &HeaderMap::new(), 4096).await.err().expect("it never ends");
        assert_eq!((slow.status(), slow.code()), (StatusCode::REQUEST_TIMEOUT, "too-slow"));
        assert!(read(&room, 4096).await.is_ok(), "all of the room is free again");
    }
}

//! One call from its sending to its answer, and what may go wrong in between.

use std::time::Duration;

use infra_provider::error::{ErrorKind, ProviderError};
use tokio::time::Instant;

use super::call::{Call, CallEnd, CallKind, Request};
use super::delivery::Effect;
use super::fault::{Fault, FaultKind};
use super::weather::ARRIVAL_MS_MAX;
use super::{Cloud, World};

impl Cloud {
    /// Asks something that changes nothing. `look` gets the lag of a list that lags behind.
    pub(crate) async fn ask<T>(
        &self,
        request: Request<'_>,
        look: impl FnOnce(&mut World, Option<Duration>) -> T + Send,
    ) -> Result<T, ProviderError> {
        let flight = Flight::begin(self, request);
        if let Some(error) = flight.refusal(request) {
            return flight.land(Err(error));
        }
        tokio::time::sleep(flight.to_arrival()).await;
        let lag = match flight.fault {
            Some(Fault::Stale(lag)) => Some(lag),
            _ => None,
        };
        let seen = look(&mut self.world(), lag);
        tokio::time::sleep(flight.latency / 2).await;
        let lost = flight.lost(request);
        flight.land(lost.map_or(Ok(seen), Err))
    }

    /// Asks for a change. The subject names the object, so that requests for one object keep their order.
    pub(crate) async fn change<T>(
        &self,
        request: Request<'_>,
        subject: &str,
        effect: impl Fn(&mut World, Option<&Fault>) -> Result<T, ProviderError> + Clone + Send + 'static,
    ) -> Result<T, ProviderError> {
        let mut flight = Flight::begin(self, request);
        if let Some(error) = flight.refusal(request) {
            return flight.land(Err(error));
        }
        let again = |effect: &_| alone(Clone::clone(effect));
        flight.is_on_its_way(subject, again(&effect));
        tokio::time::sleep(flight.to_arrival()).await;
        flight.letter = None;
        let fault = flight.fault.clone();
        let later = |pause: Duration| {
            let arrives = Instant::now() + pause;
            self.world().deliveries.send(arrives, subject, again(&effect));
        };
        match fault {
            Some(Fault::LoseRequest) => return flight.land(Err(request.lost())),
            Some(Fault::FailBefore) => return flight.land(Err(request.broken())),
            Some(Fault::ArriveLate(pause)) => {
                later(pause);
                return flight.land(Err(request.lost()));
            }
            Some(Fault::FailLate(pause)) if request.kind != CallKind::Create => {
                tokio::time::sleep(pause).await;
                return flight.land(Err(request.failed_late()));
            }
            _ => {}
        }
        let result = {
            let mut world = self.world();
            world.hurry(subject);
            effect(&mut world, fault.as_ref())
        };
        if let Some(Fault::Repeat(pause)) = fault {
            later(if request.makes_two_of_two() {
                Duration::ZERO
            } else {
                pause
            });
        }
        tokio::time::sleep(flight.latency / 2).await;
        let lost = flight.lost(request);
        flight.land(lost.map_or(result, Err))
    }
}

/// Returns what a request does when nobody waits for its answer.
fn alone<T>(effect: impl FnOnce(&mut World, Option<&Fault>) -> T + Send + 'static) -> Effect {
    Box::new(move |world| {
        let _ = effect(world, None);
    })
}

/// A call on its way. Dropping it is the end of the engine that made it.
struct Flight<'a> {
    cloud: &'a Cloud,
    place: usize,
    counted: bool,
    crowded: bool,
    latency: Duration,
    fault: Option<Fault>,
    letter: Option<Letter>,
}

/// A request that has not arrived yet.
struct Letter {
    arrives: Instant,
    subject: String,
    effect: Effect,
}

impl<'a> Flight<'a> {
    fn begin(cloud: &'a Cloud, request: Request<'_>) -> Self {
        let mut world = cloud.world();
        let counted = request.kind.changes();
        world.in_flight += u32::from(counted);
        let crowded = counted
            && world
                .limits
                .capacity
                .is_some_and(|capacity| world.in_flight > capacity);
        let fault = world.due_fault(request);
        world
            .calls
            .push(Call::begin(request, fault.as_ref().map(Fault::kind)));
        Flight {
            cloud,
            place: world.calls.len() - 1,
            counted,
            crowded,
            latency: world.latency(request),
            fault,
            letter: None,
        }
    }

    fn to_arrival(&self) -> Duration {
        let delay = match self.fault {
            Some(Fault::Delay(delay)) => delay,
            _ => Duration::ZERO,
        };
        self.latency / 2 + delay
    }

    /// From here on the request may arrive although its sender dies.
    fn is_on_its_way(&mut self, subject: &str, effect: Effect) {
        // A connection that broke off carries nothing any more.
        if !matches!(self.fault, Some(Fault::LoseRequest | Fault::FailBefore)) {
            self.letter = Some(Letter {
                arrives: Instant::now() + self.to_arrival(),
                subject: subject.to_owned(),
                effect,
            });
        }
    }

    fn refusal(&self, request: Request<'_>) -> Option<ProviderError> {
        let throttled = |retry_after| ProviderError {
            retry_after,
            code: Some("TooManyRequests".to_owned()),
            ..request.refused(ErrorKind::Throttled, "Too many requests")
        };
        match &self.fault {
            Some(Fault::Refuse(kind)) => Some(request.refused(*kind, "The request was refused")),
            Some(Fault::Throttle { retry_after }) => Some(throttled(*retry_after)),
            _ => self.crowded.then(|| throttled(None)),
        }
    }

    /// Returns the error in place of an answer that does not come.
    fn lost(&self, request: Request<'_>) -> Option<ProviderError> {
        match self.fault.as_ref()? {
            Fault::Repeat(_) if request.makes_two_of_two() => Some(request.lost()),
            Fault::LoseRequest
            | Fault::LoseReply
            | Fault::LoseReplyAndHide(_)
            | Fault::HalfMake
            | Fault::Hide { reply: false, .. } => Some(request.lost()),
            Fault::FailBefore | Fault::FailAfter => Some(request.broken()),
            _ => None,
        }
    }

    fn land<T>(self, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        let mut world = self.cloud.world();
        let call = &mut world.calls[self.place];
        call.ended = Some(Instant::now());
        call.end = match &result {
            Ok(_) => CallEnd::Answered,
            Err(error) => CallEnd::Failed(error.kind),
        };
        drop(world);
        result
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut world = self.cloud.world();
        world.in_flight -= u32::from(self.counted);
        let Some(letter) = self.letter.take() else {
            return;
        };
        let soon = Instant::now() + Duration::from_millis(ARRIVAL_MS_MAX);
        let weather = world.weather.clone();
        if letter.arrives <= soon && weather.brings(FaultKind::Outlived, &mut world.random) {
            world.meet(FaultKind::Outlived);
            world
                .deliveries
                .send(letter.arrives, &letter.subject, letter.effect);
        }
    }
}

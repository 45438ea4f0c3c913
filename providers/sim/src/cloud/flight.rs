//! One call from its sending to its answer, and what may go wrong in between.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use infra_provider::error::{ErrorKind, ProviderError};
use tokio::time::Instant;

use super::call::{Call, CallEnd, CallKind, Request};
use super::delivery::Effect;
use super::fault::{Fault, FaultKind};
use super::weather::{ARRIVAL_MS_MAX, TRANSIT_MS_MAX};
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
        tokio::time::sleep(flight.to_answer()).await;
        let lost = flight.lost(request);
        flight.land(lost.map_or(Ok(seen), Err))
    }

    /// Asks for a change. The subject names the object, so that requests for one object keep their order.
    ///
    /// The change happens when the request arrives, whatever its sender does then.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        request: Request<'_>,
        subject: &str,
        effect: impl Fn(&mut World, Option<&Fault>) -> Result<T, ProviderError> + Clone + Send + 'static,
    ) -> Result<T, ProviderError> {
        let mut flight = Flight::begin(self, request);
        if let Some(error) = flight.refusal(request) {
            return flight.land(Err(error));
        }
        let fault = flight.fault.clone();
        let arrives = Instant::now() + flight.to_arrival();
        let answer = Answer::default();
        match &fault {
            Some(Fault::LoseRequest | Fault::FailBefore) => {}
            Some(Fault::FailLate(_)) if request.kind != CallKind::Create => {}
            Some(Fault::ArriveLate(pause)) => {
                flight.send(arrives + *pause, subject, answer.of(effect, None));
            }
            Some(Fault::Repeat(pause)) => {
                let (first, again) = repeated(effect);
                flight.send(arrives, subject, answer.of(first, None));
                let pause = if request.makes_two_of_two() {
                    Duration::ZERO
                } else {
                    *pause
                };
                flight.send(arrives + pause, subject, again);
            }
            _ => flight.send(arrives, subject, answer.of(effect, fault.clone())),
        }
        tokio::time::sleep_until(arrives).await;
        match fault {
            Some(Fault::LoseRequest | Fault::ArriveLate(_)) => return flight.land(Err(request.lost())),
            Some(Fault::FailBefore) => return flight.land(Err(request.broken())),
            Some(Fault::FailLate(pause)) if request.kind != CallKind::Create => {
                tokio::time::sleep(pause).await;
                return flight.land(Err(request.failed_late()));
            }
            _ => {}
        }
        tokio::time::sleep(flight.to_answer()).await;
        let lost = flight.lost(request);
        let result = answer.take(self).unwrap_or_else(|| Err(request.lost()));
        flight.land(lost.map_or(result, Err))
    }
}

/// Returns what a request does that arrives twice. A refusal holds: the second one does nothing if the first was refused,
/// because nobody could close a call that was refused otherwise.
fn repeated<T>(
    effect: impl Fn(&mut World, Option<&Fault>) -> Result<T, ProviderError> + Clone + Send + 'static,
) -> (
    impl FnOnce(&mut World, Option<&Fault>) -> Result<T, ProviderError> + Send + 'static,
    Effect,
) {
    let refused = Arc::new(AtomicBool::new(false));
    let (first, was_refused) = (effect.clone(), refused.clone());
    let first = move |world: &mut World, fault: Option<&Fault>| {
        let result = first(world, fault);
        refused.store(result.is_err(), Ordering::SeqCst);
        result
    };
    let again = move |world: &mut World| {
        if !was_refused.load(Ordering::SeqCst) {
            // Nobody waits for this answer.
            let _ = effect(world, None);
        }
    };
    (first, Box::new(again))
}

/// Where the cloud leaves its answer to a request.
struct Answer<T>(Arc<Mutex<Option<Result<T, ProviderError>>>>);

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Answer(Arc::default())
    }
}

impl<T: Send + 'static> Answer<T> {
    /// Returns what a request does when it arrives.
    fn of(
        &self,
        effect: impl FnOnce(&mut World, Option<&Fault>) -> Result<T, ProviderError> + Send + 'static,
        fault: Option<Fault>,
    ) -> Effect {
        let place = self.0.clone();
        Box::new(move |world| {
            let result = effect(world, fault.as_ref());
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        })
    }

    /// Returns the answer, if the request has arrived by now.
    fn take(&self, cloud: &Cloud) -> Option<Result<T, ProviderError>> {
        drop(cloud.world());
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A call on its way. Dropping it is the end of the engine that made it.
struct Flight<'a> {
    cloud: &'a Cloud,
    place: usize,
    counted: bool,
    crowded: bool,
    latency: Duration,
    fault: Option<Fault>,
    /// The request itself; what else the cloud makes of it goes its own way.
    letter: Option<u64>,
    landed: bool,
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
            landed: false,
        }
    }

    fn delay(&self) -> Duration {
        match self.fault {
            Some(Fault::Delay(delay)) => delay,
            _ => Duration::ZERO,
        }
    }

    fn to_arrival(&self) -> Duration {
        let longest = Duration::from_millis(TRANSIT_MS_MAX);
        (self.latency / 2 + self.delay()).min(longest)
    }

    /// Returns what is left of the time that the call takes once it has arrived.
    fn to_answer(&self) -> Duration {
        self.latency + self.delay() - self.to_arrival()
    }

    fn send(&mut self, arrives: Instant, subject: &str, effect: Effect) {
        let number = self.cloud.world().deliveries.send(arrives, subject, effect);
        self.letter.get_or_insert(number);
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
            Fault::RefusePart(kind) => Some(ProviderError {
                effect: infra_provider::error::Effect::Unknown,
                ..request.refused(*kind, "A part of it was refused")
            }),
            Fault::FailBefore | Fault::FailAfter => Some(request.broken()),
            _ => None,
        }
    }

    fn land<T>(mut self, result: Result<T, ProviderError>) -> Result<T, ProviderError> {
        self.landed = true;
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
        if self.landed {
            return;
        }
        // The engine died. What it was about to send may be on the wire already.
        let Some(letter) = self.letter.and_then(|number| world.deliveries.take_back(number)) else {
            return;
        };
        let soon = Instant::now() + Duration::from_millis(ARRIVAL_MS_MAX);
        let weather = world.weather.clone();
        if letter.arrives <= soon && weather.brings(FaultKind::Outlived, &mut world.random) {
            world.meet(FaultKind::Outlived);
            world.deliveries.let_go(letter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::fault::Rule;

    fn request() -> Request<'static> {
        Request {
            kind: CallKind::Update,
            resource_type: "sim.named.thing",
            address: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_was_refused_does_nothing_when_it_comes_again() {
        for (is_refused, times) in [(false, 2), (true, 1)] {
            let cloud = Cloud::new(1, "account");
            cloud.disturb(Rule::next(
                CallKind::Update,
                Fault::Repeat(Duration::from_secs(3)),
            ));
            let change = move |world: &mut World, _: Option<&Fault>| {
                world.assigned += 1;
                match is_refused {
                    true => Err(request().refused(ErrorKind::Quota, "No more")),
                    false => Ok(()),
                }
            };
            assert_eq!(cloud.change(request(), "a", change).await.is_err(), is_refused);
            tokio::time::sleep(Duration::from_secs(10)).await;
            assert_eq!(cloud.world().assigned, times);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_long_arrives_within_half_a_minute() {
        let cloud = Cloud::new(1, "account");
        let delay = Duration::from_secs(100);
        cloud.disturb(Rule::next(CallKind::Update, Fault::Delay(delay)));
        let began = Instant::now();
        let arrived = cloud
            .change(request(), "a", |world, _| Ok(world.now))
            .await
            .unwrap();
        assert_eq!(arrived - began, Duration::from_millis(TRANSIT_MS_MAX));
        assert_eq!(began.elapsed(), cloud.world().latency(request()) + delay);
    }
}

//! What happens for one seed: edits, and for each of them runs in bad weather with engines that die, then runs in
//! good weather until everything is as it would be had nothing gone wrong.

use std::collections::BTreeSet;
use std::future::pending;
use std::io;
use std::time::Duration;

use infra_apply::concurrency::ConcurrencyPolicy;
use infra_apply::interrupt::{self, Interrupt};
use infra_apply::world::Policy;
use infra_model::digest::Digest;
use infra_model::schema::RecoveryClass;
use provider_sim::cloud::fault::FaultKind;
use provider_sim::cloud::spread::Spread;
use provider_sim::cloud::weather::Weather;
use provider_sim::kind::schema::name_of;

use super::edit::{Ask, Author, Edit};
use super::invariant::{self, Invariant, Violation};
use super::life::Fate;
use super::run::{Ending, Ran, RunRequest, run};
use super::sabotage::Sabotage;
use super::shape::shape;
use super::tally::Tally;
use super::wish::Wish;
use super::world::World;

/// How many runs may fail in good weather before one must succeed: each takes in what the ones before left.
const RUNS_TO_CONVERGE: usize = 5;

/// Asks for the story of a seed.
#[derive(Clone, Debug)]
pub struct StoryRequest {
    /// The seed.
    pub seed: u64,
    /// How many edits there are.
    pub edits: u32,
    /// How many components a stack has at most.
    pub pieces_max: usize,
    /// What goes wrong.
    pub trouble: Trouble,
    /// How the engine's protocol is broken on purpose, to see that it is noticed.
    pub sabotage: Option<Sabotage>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Whatever the seed decides.
    Random,
    /// In good weather, the engine dies at this boundary of each edit, and the next one at another.
    DeathAt(u64),
}

/// What happened.
#[derive(Clone, Debug)]
pub struct Told {
    /// What was found.
    pub verdict: Result<(), Violation>,
    /// How much was tried.
    pub tally: Tally,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

impl Told {
    /// Returns the digest of the trace.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.trace.join("\n").as_bytes())
    }
}

impl StoryRequest {
    /// Returns the usual story of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        StoryRequest {
            seed,
            edits: 2 + u32::try_from(seed % 3).unwrap_or_default(),
            pieces_max: 5,
            trouble: Trouble::Random,
            sabotage: None,
        }
    }
}

/// Tells the story of a seed, on a runtime of its own whose clock is paused.
///
/// # Errors
///
/// When the machine refuses folders or the runtime.
pub fn tell(request: &StoryRequest) -> io::Result<Told> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    runtime.block_on(async {
        let mut story = Story::begin(request)?;
        story.run(request.edits).await?;
        Ok(Told {
            verdict: story.world.watch.verdict(),
            tally: story.tally(),
            trace: story.world.trace.all(),
        })
    })
}

/// An edit on its way.
struct Episode {
    edit: Edit,
    /// How it ends where nothing goes wrong.
    expected: Ending,
}

struct Story {
    random: fastrand::Rng,
    author: Author,
    trouble: Trouble,
    /// Where things go wrong.
    world: World,
    /// Where nothing does, one step at a time.
    twin: World,
    edits: u64,
}

/// What an episode left.
enum Left {
    /// The stack is applied.
    Applied,
    /// The stack may not be applied.
    Refused,
    /// The next edit comes before all is done.
    Unfinished(Episode),
}

impl Story {
    fn begin(request: &StoryRequest) -> io::Result<Self> {
        let one_at_a_time = Policy {
            concurrency: ConcurrencyPolicy {
                initial: 1,
                maximum: 1,
            },
            ..Policy::default()
        };
        let seed = request.seed;
        Ok(Story {
            random: fastrand::Rng::with_seed(seed),
            author: Author::new(seed, request.pieces_max),
            trouble: request.trouble,
            world: World::new(seed, Policy::default(), request.sabotage)?,
            twin: World::new(seed ^ 1, one_at_a_time, None)?,
            edits: 0,
        })
    }

    fn tally(&self) -> Tally {
        let mut tally = self.world.tally();
        tally.seeds = 1;
        tally.edits = self.edits;
        tally
    }

    async fn run(&mut self, edits: u32) -> io::Result<()> {
        let mut wish = Wish::default();
        let mut unfinished: Option<Episode> = None;
        for number in 0..edits {
            let edit = if number == 0 {
                self.author.stack()
            } else {
                self.author.edit(&wish)
            };
            // What is protected must be settled: whether an edit is refused depends on it.
            if let Some(before) = unfinished.take().filter(|_| edit.wish.protects()) {
                self.world.write(&before.edit.wish)?;
                self.finish(before).await;
            }
            let may_stay = number + 1 < edits && !edit.wish.protects() && !wish.protects();
            match self.episode(edit.clone(), may_stay).await? {
                Left::Applied => wish = edit.wish,
                Left::Refused => {}
                Left::Unfinished(episode) => {
                    wish = edit.wish;
                    unfinished = Some(episode);
                }
            }
            if self.world.watch.verdict().is_err() {
                return Ok(());
            }
        }
        let all = Edit {
            wish: Wish {
                moved: Vec::new(),
                ..wish
            },
            what: "destroy".to_owned(),
            ask: Ask::Destroy,
        };
        self.episode(all, false).await?;
        invariant::check_archive(&self.world).await;
        Ok(())
    }

    /// Goes from one edit to its end, or leaves it unfinished for the next one where it may.
    async fn episode(&mut self, edit: Edit, may_stay: bool) -> io::Result<Left> {
        self.edits += 1;
        self.world.trace.say(format_args!("EDIT {}", edit.what));
        self.world.write(&edit.wish)?;
        self.twin.write(&edit.wish)?;
        let (expected, boundaries) = self.undisturbed(&edit).await;
        match self.trouble {
            Trouble::Random => self.disturbed(&edit, boundaries).await,
            Trouble::DeathAt(boundary) => self.dying(&edit, boundary).await,
        }
        let episode = Episode { edit, expected };
        if may_stay && self.trouble == Trouble::Random && self.random.u32(0..4) == 0 {
            self.world
                .trace
                .say(format_args!("the next edit comes before all is done"));
            return Ok(Left::Unfinished(episode));
        }
        Ok(self.finish(episode).await)
    }

    /// Goes on in good weather until everything is as it would be had nothing gone wrong.
    async fn finish(&self, Episode { edit, expected }: Episode) -> Left {
        let ending = self.converge(&edit).await;
        if self.world.watch.verdict().is_err() {
            return Left::Refused;
        }
        let is_same = matches!(
            (&expected, &ending),
            (Ending::Done { .. }, Ending::Done { .. }) | (Ending::Refused(_), Ending::Refused(_))
        );
        if !is_same {
            let detail = format!("an undisturbed run ends with {expected:?}, this one with {ending:?}");
            self.world.watch.found(Invariant::SameEnd, detail);
        }
        if !matches!(ending, Ending::Done { .. }) {
            return Left::Refused;
        }
        self.compare(&edit).await;
        Left::Applied
    }

    /// Does an edit in good weather with an engine that dies at a boundary, and mostly another one at another.
    async fn dying(&self, edit: &Edit, boundary: u64) {
        let first = self
            .one(&self.world, edit, &edit.ask, Fate::DiesAt(boundary))
            .await;
        if first.ending == Ending::Died {
            let second = Fate::DiesAt(boundary * 7 % 40);
            self.one(&self.world, edit, edit.ask.again(), second).await;
        }
    }

    /// Does an edit where nothing goes wrong; returns how that ends and how many boundaries it has.
    async fn undisturbed(&self, edit: &Edit) -> (Ending, u64) {
        let mut asks = vec![&edit.ask];
        if !matches!(edit.ask, Ask::Apply | Ask::Destroy) {
            asks.push(&Ask::Apply);
        }
        let mut boundaries = 0;
        let mut last = Ending::Done { changes: 0 };
        for ask in asks {
            let ran = self.one(&self.twin, edit, ask, Fate::Lives).await;
            boundaries += ran.life.crossed();
            last = ran.ending;
        }
        if let Err(violation) = self.twin.watch.verdict() {
            let detail = format!("undisturbed: {}", violation.detail);
            self.world.watch.found(violation.invariant, detail);
        }
        (last, boundaries)
    }

    /// Does an edit where things go wrong, with engines that die, are paused or are interrupted.
    async fn disturbed(&mut self, edit: &Edit, boundaries: u64) {
        self.bad_weather();
        for number in 0..self.random.u32(0..4) {
            if self.random.u32(0..4) == 0 {
                self.deed(edit).await;
            }
            let ask = match number {
                0 => &edit.ask,
                _ => edit.ask.again(),
            };
            match self.random.u32(0..8) {
                0 => self.two_at_once(edit, ask, boundaries).await,
                1 => self.interrupted(edit, ask).await,
                _ => {
                    let fate = self.fate(boundaries);
                    self.one(&self.world, edit, ask, fate).await;
                }
            }
            if self.world.watch.verdict().is_err() {
                return;
            }
        }
    }

    fn fate(&mut self, boundaries: u64) -> Fate {
        match self.random.u32(0..6) {
            0 => Fate::Lives,
            1 => Fate::DiesAfter(Duration::from_millis(self.random.u64(0..30_000))),
            _ => Fate::DiesAt(self.random.u64(0..=boundaries)),
        }
    }

    /// Lets one engine be paused, mostly for longer than its lease holds, while another one begins.
    async fn two_at_once(&mut self, edit: &Edit, ask: &Ask, boundaries: u64) {
        let pause = Duration::from_millis(self.random.u64(5_000..180_000));
        let first = Fate::Pauses(self.random.u64(0..=boundaries), pause);
        let second = match self.random.u32(0..3) {
            0 => self.fate(boundaries),
            _ => Fate::Lives,
        };
        let later = Duration::from_millis(self.random.u64(0..60_000));
        let begins_later = async {
            tokio::time::sleep(later).await;
            run(&self.world, request(edit, ask.again(), second)).await
        };
        tokio::join!(run(&self.world, request(edit, ask, first)), begins_later);
        invariant::check(&self.world).await;
    }

    /// Lets the user stop an engine.
    async fn interrupted(&mut self, edit: &Edit, ask: &Ask) {
        let after = Duration::from_millis(self.random.u64(0..20_000));
        let (signal, interrupt) = interrupt::channel();
        let raised = async {
            tokio::time::sleep(after).await;
            self.world.trace.say(format_args!("interrupt"));
            signal.raise();
            pending::<Ran>().await
        };
        let request = RunRequest {
            interrupt,
            ..request(edit, ask, Fate::Lives)
        };
        tokio::select! {
            biased;
            ran = run(&self.world, request) => ran,
            ran = raised => ran,
        };
        invariant::check(&self.world).await;
    }

    /// Sets the weather, and what the cloud allows.
    fn bad_weather(&mut self) {
        let random = &mut self.random;
        let (cloud, watch) = (&self.world.cloud, &self.world.watch);
        cloud.vary(Spread::usual());
        let weather = match random.u32(0..4) {
            0 => Weather::calm(),
            1 => Weather::every(random.u32(1..30)),
            // A few sorts at once, and often: that is where they meet.
            _ => (0..3).fold(Weather::calm(), |weather, _| {
                let kind = FaultKind::ALL[random.usize(0..FaultKind::ALL.len())];
                weather.with(kind, random.u32(50..300))
            }),
        };
        self.world.trace.say(format_args!("{weather:?}"));
        cloud.set_weather(weather.with(FaultKind::Outlived, 500));
        watch.let_store_fail([0, 0, 10, 60][random.usize(0..4)]);
        cloud.throttle_beyond((random.u32(0..6) == 0).then(|| random.u32(1..4)));
        if random.u32(0..4) == 0 {
            cloud.reserve_names(Duration::from_secs(random.u64(1..120)));
        }
        if random.u32(0..8) == 0 {
            let classes = [RecoveryClass::Named, RecoveryClass::Token, RecoveryClass::Tagged];
            let class = classes[random.usize(0..classes.len())];
            cloud.allow_at_most(name_of(class), Some(random.usize(0..6)));
        }
    }

    fn good_weather(&self) {
        let cloud = &self.world.cloud;
        cloud.set_weather(Weather::calm());
        cloud.throttle_beyond(None);
        cloud.reserve_names(Duration::ZERO);
        for class in [RecoveryClass::Named, RecoveryClass::Token, RecoveryClass::Tagged] {
            cloud.allow_at_most(name_of(class), None);
        }
        cloud.let_others_leave();
        self.world.watch.let_store_fail(0);
    }

    async fn deed(&self, edit: &Edit) {
        let lineage = self.world.lineage().await;
        // What is protected is protected from others too, by the cloud's own flag. What is only about to be is left alone
        // as well: without it there would be nothing to refuse.
        let mut spared: BTreeSet<_> = self.world.protected().await;
        spared.extend(self.world.objects_of(&edit.wish.protected()).await);
        if let Some(deed) = self.world.cloud.let_others_act(&lineage, &spared) {
            self.world.trace.say(format_args!("{deed:?}"));
            self.world.watch.count(|tally| tally.deeds += 1);
        }
    }

    /// Runs in good weather until everything is done.
    async fn converge(&self, edit: &Edit) -> Ending {
        self.good_weather();
        self.world.calm_down().await;
        let mut ending = Ending::Died;
        for _ in 0..RUNS_TO_CONVERGE {
            self.world.remove_what_was_sent_twice().await;
            ending = self
                .one(&self.world, edit, edit.ask.again(), Fate::Lives)
                .await
                .ending;
            if self.world.watch.verdict().is_err()
                || matches!(ending, Ending::Done { .. } | Ending::Refused(_))
            {
                return ending;
            }
        }
        let detail = format!("after {RUNS_TO_CONVERGE} runs: {ending:?}");
        self.world.watch.found(Invariant::Converges, detail);
        ending
    }

    /// Compares with the world in which nothing went wrong, and plans once more.
    async fn compare(&self, edit: &Edit) {
        invariant::check_settled(&self.world).await;
        let again = self
            .one(&self.world, edit, edit.ask.again(), Fate::Lives)
            .await
            .ending;
        if again != (Ending::Done { changes: 0 }) {
            let detail = format!("applied again, it ends with {again:?}");
            self.world.watch.found(Invariant::Settled, detail);
        }
        let (ours, theirs) = (shape(&self.world).await, shape(&self.twin).await);
        let more: Vec<&String> = ours.iter().filter(|line| !theirs.contains(line)).collect();
        let less: Vec<&String> = theirs.iter().filter(|line| !ours.contains(line)).collect();
        if !more.is_empty() || !less.is_empty() {
            let detail = format!("instead of {less:#?} there is {more:#?}");
            self.world.watch.found(Invariant::SameEnd, detail);
        }
    }

    /// Makes one run and checks what must hold after it.
    async fn one(&self, world: &World, edit: &Edit, ask: &Ask, fate: Fate) -> Ran {
        let ran = run(world, request(edit, ask, fate)).await;
        invariant::check(world).await;
        ran
    }
}

fn request<'a>(edit: &'a Edit, ask: &'a Ask, fate: Fate) -> RunRequest<'a> {
    RunRequest {
        wish: &edit.wish,
        ask,
        fate,
        interrupt: Interrupt::never(),
    }
}

//! The engine dies at every boundary: before and after every call to the store and to the provider.

use super::support::fuse::Fuse;
use super::support::lab::Lab;
use super::support::shape::{assert_nothing_lost, assert_settled, shape};

/// Every class, secrets, references to outputs, all on top of each other.
const BEFORE: &str = "
    net tagged zone=a
    sub tagged on net
    db named on sub size=1 password=!hunter2-db
    replica named on db size=1
    role token on db password=@db.key
    rule content on sub rule=allow
    old token on net
    older content on net rule=deny
";

/// Changes in place, replacements both ways round, deletions and additions.
const AFTER: &str = "
    net tagged zone=a mode=fast
    sub tagged on net zone=b
    db named on sub size=2 password=!hunter3-db
    replica named on db size=1 zone=c
    role token on db password=@db.key mode=x
    rule content on sub rule=allow-more
    extra tagged on sub
    late token on extra password=!hunter2-late
";

/// Runs `to` on top of `from` with an engine that dies at each boundary in turn, and once more in the run after;
/// the third run must end where an undisturbed one does.
async fn die_everywhere(from: &str, to: &str) -> u64 {
    let undisturbed = Lab::with(from).await;
    undisturbed.run(to).await.completed();
    let expected = shape(&undisturbed).await;
    for boundary in 0.. {
        let lab = Lab::with(from).await;
        if lab
            .with_fuse(Fuse::after(boundary))
            .run_or_die(to)
            .await
            .is_some()
        {
            return boundary;
        }
        let when = format!("after a death at boundary {boundary}");
        assert_nothing_lost(&lab, &when).await;
        let second = boundary * 7 % 40;
        lab.with_fuse(Fuse::after(second)).run_or_die(to).await;
        let when = format!("{when} and another one at {second}");
        assert_nothing_lost(&lab, &when).await;
        let ran = lab.run(to).await.completed();
        assert_settled(&lab, &when).await;
        assert_eq!(shape(&lab).await, expected, "{when}: {:?}", ran.recovered);
        assert!(lab.run(to).await.plan.is_empty(), "{when}");
    }
    unreachable!()
}

#[tokio::test(start_paused = true)]
async fn a_death_while_everything_is_made_loses_nothing() {
    assert!(die_everywhere("", BEFORE).await > 50);
}

#[tokio::test(start_paused = true)]
async fn a_death_while_everything_changes_loses_nothing() {
    assert!(die_everywhere(BEFORE, AFTER).await > 100);
}

#[tokio::test(start_paused = true)]
async fn a_death_while_everything_goes_loses_nothing() {
    assert!(die_everywhere(AFTER, "").await > 60);
}

#[tokio::test(start_paused = true)]
async fn parallel_ends_where_sequential_does() {
    let (parallel, sequential) = (Lab::new().await, Lab::new().await.sequential());
    for text in [BEFORE, AFTER, BEFORE] {
        parallel.run(text).await.completed();
        sequential.run(text).await.completed();
        assert_eq!(shape(&parallel).await, shape(&sequential).await);
        assert_settled(&parallel, "parallel").await;
    }
}

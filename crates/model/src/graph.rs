//! Dependency graphs over any kind of name. This module knows nothing of clouds, and it alone names petgraph.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// A graph of names in which an edge says "needs".
#[derive(Clone, Debug)]
pub struct Graph<N> {
    nodes: Vec<N>,
    index: BTreeMap<N, NodeIndex>,
    inner: DiGraph<(), ()>,
}

/// The names of a cycle in the order in which they need each other; the first needs the second, the last the first.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is a cycle")]
pub struct Cycle<N> {
    /// The path.
    pub path: Vec<N>,
}

impl<N: Ord + Clone> Graph<N> {
    /// Returns the graph of these names and what each needs. A need that is not among the names is left out.
    pub fn new<'a>(entries: impl Iterator<Item = (N, Vec<&'a N>)> + Clone) -> Self
    where
        N: 'a,
    {
        let mut inner = DiGraph::new();
        let nodes: Vec<N> = entries.clone().map(|(name, _)| name).collect();
        let index: BTreeMap<N, NodeIndex> = nodes
            .iter()
            .map(|name| (name.clone(), inner.add_node(())))
            .collect();
        for (from, (_, needs)) in entries.enumerate() {
            // A set, because petgraph would search all edges of the name for each new one.
            let needs: BTreeSet<NodeIndex> = needs
                .into_iter()
                .filter_map(|need| index.get(need).copied())
                .collect();
            for to in needs {
                inner.add_edge(NodeIndex::new(from), to, ());
            }
        }
        Graph { nodes, index, inner }
    }

    /// Returns all names, each after everything it needs; among equals in the order given to [`Graph::new`].
    ///
    /// # Errors
    ///
    /// When names need each other in a circle; the whole path is in the error.
    pub fn order(&self) -> Result<Vec<&N>, Cycle<N>> {
        // Kahn's algorithm, lowest number first: deterministic whatever the shape.
        let count = self.nodes.len();
        let mut waiting: Vec<usize> = (0..count)
            .map(|at| self.inner.neighbors(NodeIndex::new(at)).count())
            .collect();
        let mut ready: BinaryHeap<Reverse<usize>> =
            (0..count).filter(|at| waiting[*at] == 0).map(Reverse).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse(at)) = ready.pop() {
            order.push(&self.nodes[at]);
            for user in self
                .inner
                .neighbors_directed(NodeIndex::new(at), petgraph::Incoming)
            {
                waiting[user.index()] -= 1;
                if waiting[user.index()] == 0 {
                    ready.push(Reverse(user.index()));
                }
            }
        }
        if order.len() == count {
            Ok(order)
        } else {
            Err(self.cycle())
        }
    }

    /// Returns the given names with everything that they need, however far.
    #[must_use]
    pub fn needs<'a>(&self, names: impl IntoIterator<Item = &'a N>) -> BTreeSet<N>
    where
        N: 'a,
    {
        self.closure(names, petgraph::Outgoing)
    }

    /// Returns the given names with everything that needs them, however far.
    #[must_use]
    pub fn needed_by<'a>(&self, names: impl IntoIterator<Item = &'a N>) -> BTreeSet<N>
    where
        N: 'a,
    {
        self.closure(names, petgraph::Incoming)
    }

    fn closure<'a>(
        &self,
        names: impl IntoIterator<Item = &'a N>,
        direction: petgraph::Direction,
    ) -> BTreeSet<N>
    where
        N: 'a,
    {
        let mut open: Vec<NodeIndex> = names
            .into_iter()
            .filter_map(|name| self.index.get(name).copied())
            .collect();
        let mut seen: BTreeSet<NodeIndex> = open.iter().copied().collect();
        while let Some(at) = open.pop() {
            for next in self.inner.neighbors_directed(at, direction) {
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        seen.into_iter()
            .map(|at| self.nodes[at.index()].clone())
            .collect()
    }

    /// Returns the path of one cycle, starting at its first name. Only called when there is one.
    fn cycle(&self) -> Cycle<N> {
        let members: BTreeSet<NodeIndex> = tarjan_scc(&self.inner)
            .into_iter()
            .filter(|group| group.len() > 1 || self.inner.contains_edge(group[0], group[0]))
            .min_by_key(|group| group.iter().min().copied())
            .unwrap_or_default()
            .into_iter()
            .collect();
        let Some(start) = members.first().copied() else {
            return Cycle { path: Vec::new() };
        };
        let mut path = vec![start];
        let mut at = start;
        // Within a strongly connected group every walk closes; the first repeat is a cycle.
        while let Some(next) = self
            .inner
            .neighbors(at)
            .filter(|next| members.contains(next))
            .min()
        {
            if let Some(first) = path.iter().position(|seen| *seen == next) {
                path.drain(..first);
                break;
            }
            path.push(next);
            at = next;
        }
        Cycle {
            path: path
                .into_iter()
                .map(|at| self.nodes[at.index()].clone())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(edges: &[(&'static str, &[&'static str])]) -> Graph<&'static str> {
        Graph::new(edges.iter().map(|(name, needs)| (*name, needs.iter().collect())))
    }

    #[test]
    fn everything_comes_after_what_it_needs() {
        let graph = graph(&[
            ("app", &["db", "cache"]),
            ("cache", &["net"]),
            ("db", &["net"]),
            ("net", &[]),
        ]);
        assert_eq!(graph.order().unwrap(), [&"net", &"cache", &"db", &"app"]);
    }

    #[test]
    fn a_cycle_is_reported_as_its_whole_path() {
        let graph = graph(&[("x", &["a"]), ("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
        assert_eq!(graph.order().unwrap_err().path, ["a", "b", "c"]);
    }

    #[test]
    fn what_needs_itself_is_a_cycle() {
        assert_eq!(graph(&[("a", &["a"])]).order().unwrap_err().path, ["a"]);
    }

    #[test]
    fn closures_follow_edges_both_ways() {
        let graph = graph(&[("app", &["db"]), ("db", &["net"]), ("net", &[]), ("other", &[])]);
        assert_eq!(graph.needs([&"db"]), BTreeSet::from(["db", "net"]));
        assert_eq!(graph.needed_by([&"db"]), BTreeSet::from(["app", "db"]));
    }
}

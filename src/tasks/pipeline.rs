//! Work in parallel, results in order.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Finished results that wait for an earlier one, a thread, at the most: this bounds memory.
const WAITING: usize = 2;

/// Works on items on all threads of the pool and hands the results over in the order of the items,
/// at most a few of them in memory. The first error of `consume` ends it.
///
/// Every thread takes the next item, works on it and hands on what is finished, so that no thread
/// is needed for reading or writing alone. `work` on an item may wait for `work` on an earlier one.
pub(crate) fn in_order<T: Send, U: Send, E: Send>(
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> U + Sync,
    consume: impl FnMut(U) -> Result<(), E> + Send,
) -> Result<(), E> {
    let line = Line {
        items: Mutex::new(items.fuse().enumerate()),
        finished: Mutex::new(Finished {
            next: 0,
            waiting: BTreeMap::new(),
            result: Ok(()),
            gone: false,
            consume,
        }),
        moved: Condvar::new(),
    };
    let threads = rayon::current_num_threads();
    rayon::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|_| line.run(&work, WAITING * threads));
        }
    });
    lock_into(line.finished).result
}

struct Line<I, C, U, E> {
    items: Mutex<I>,
    finished: Mutex<Finished<C, U, E>>,
    moved: Condvar,
}

struct Finished<C, U, E> {
    /// The number of the item whose result is handed over next.
    next: usize,
    waiting: BTreeMap<usize, U>,
    result: Result<(), E>,
    /// Whether a thread panicked: what it worked on never comes.
    gone: bool,
    consume: C,
}

/// Wakes the others when a thread panics, so that the panic ends the whole.
struct Alarm<'a, I, C, U, E>(&'a Line<I, C, U, E>);

impl<I, C, U, E> Drop for Alarm<'_, I, C, U, E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.finished).gone = true;
            self.0.moved.notify_all();
        }
    }
}

impl<I, C, U, E, T> Line<I, C, U, E>
where
    I: Iterator<Item = (usize, T)>,
    C: FnMut(U) -> Result<(), E>,
{
    fn run(&self, work: &impl Fn(T) -> U, bound: usize) {
        let _alarm = Alarm(self);
        loop {
            let item = lock(&self.items).next();
            let Some((number, item)) = item else { return };
            let done = work(item);
            if self.hand_over(number, done, bound).is_break() {
                return;
            }
        }
    }

    fn hand_over(&self, number: usize, done: U, bound: usize) -> std::ops::ControlFlow<()> {
        let mut finished = lock(&self.finished);
        finished.waiting.insert(number, done);
        while finished.result.is_ok() {
            let next = finished.next;
            let Some(done) = finished.waiting.remove(&next) else { break };
            finished.result = (finished.consume)(done);
            finished.next += 1;
            self.moved.notify_all();
        }
        // Whoever works on the next one never waits here.
        while finished.result.is_ok() && !finished.gone && finished.waiting.len() >= bound {
            finished = self.moved.wait(finished).unwrap_or_else(PoisonError::into_inner);
        }
        match finished.result {
            Ok(()) if !finished.gone => std::ops::ControlFlow::Continue(()),
            _ => {
                self.moved.notify_all();
                std::ops::ControlFlow::Break(())
            }
        }
    }
}

// A panic of another thread goes on when all have ended; it must not become a second one here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lock_into<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn on_threads<T: Send>(threads: usize, run: impl FnOnce() -> T + Send) -> T {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
    }

    #[test]
    fn results_come_in_order_and_few_are_in_memory() {
        for threads in [1, 2, 5] {
            let (alive, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let mut seen = Vec::new();
            let work = |item: u64| {
                most.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_micros(item * 37 % 500));
                item
            };
            let result: Result<(), ()> = on_threads(threads, || {
                in_order(0..200, work, |item| {
                    alive.fetch_sub(1, Ordering::SeqCst);
                    seen.push(item);
                    Ok(())
                })
            });
            assert_eq!(result, Ok(()));
            assert_eq!(seen, (0..200).collect::<Vec<_>>());
            assert!(most.load(Ordering::SeqCst) <= (WAITING + 1) * threads + 1);
        }
    }

    #[test]
    fn a_panic_ends_it() {
        for threads in [1, 4] {
            let run = || {
                in_order(
                    0..1000,
                    |item| assert_ne!(item, 3, "this panic is part of the test"),
                    |()| Ok::<(), ()>(()),
                )
            };
            assert!(std::panic::catch_unwind(|| on_threads(threads, run)).is_err());
        }
    }

    #[test]
    fn an_error_ends_it() {
        let mut seen = 0;
        let result = on_threads(3, || {
            in_order(
                0..,
                |item| item,
                |item: i32| {
                    seen += 1;
                    if item < 5 { Ok(()) } else { Err("full") }
                },
            )
        });
        assert_eq!((result, seen), (Err("full"), 6));
    }
}

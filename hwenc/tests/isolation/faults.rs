//! What a driver can do to its process.

use std::os::unix::process::parent_id;

use hwenc::probe::door::Door;
use serde_json::{Value, json};

use super::kit::{Test, all, but, code, evidence, helper, is_gone, loss, pid, process, soon, task, until};

pub(crate) const TESTS: &[Test] = &[
    ("a_lane_has_one_worker_and_lanes_have_their_own", a_lane_has_one_worker_and_lanes_have_their_own),
    ("who_wants_a_process_alone_gets_a_new_one", who_wants_a_process_alone_gets_a_new_one),
    ("one_of_four_hangs_and_the_others_answer", one_of_four_hangs_and_the_others_answer),
    ("what_comes_after_a_hang_is_not_begun", what_comes_after_a_hang_is_not_begun),
    ("a_crash_costs_one_task", a_crash_costs_one_task),
    ("an_exit_costs_one_task", an_exit_costs_one_task),
    ("eating_memory_costs_one_task", eating_memory_costs_one_task),
    ("a_panic_costs_one_task", a_panic_costs_one_task),
    ("what_drivers_print_is_no_answer", what_drivers_print_is_no_answer),
    ("a_large_task_and_many_tasks_pass", a_large_task_and_many_tasks_pass),
    ("a_worker_that_does_not_leave_is_ended", a_worker_that_does_not_leave_is_ended),
];

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGSEGV: i32 = 11;

fn run(tasks: impl IntoIterator<Item = Value>) -> (std::collections::BTreeMap<u64, Value>, Vec<u64>) {
    let mut door = helper();
    tasks.into_iter().for_each(|task| door.submit(task));
    all(&mut door)
}

fn a_lane_has_one_worker_and_lanes_have_their_own() {
    let lanes = ["a", "b", "a", "c", "a", "b"];
    let (dones, _) = run((0..).zip(lanes).map(|(id, lane)| task(id, lane, json!("answer"))));
    let pids: Vec<u32> = dones.values().map(pid).collect();
    assert_eq!((pids[0], pids[0], pids[1]), (pids[2], pids[4], pids[5]));
    assert!(pids[0] != pids[1] && pids[1] != pids[3] && pids[0] != pids[3], "{pids:?}");
    assert!(!pids.contains(&std::process::id()) && !pids.contains(&parent_id()));
}

fn who_wants_a_process_alone_gets_a_new_one() {
    let mut door = helper();
    let answer = |id| task(id, "a", json!("answer"));
    let alone = |id| but(answer(id), "alone", json!(true));
    door.submit(answer(0));
    door.submit(alone(1));
    door.submit(alone(2));
    door.submit(answer(3));
    door.submit(answer(4));
    let (dones, order) = all(&mut door);
    assert_eq!(order, [0, 1, 2, 3, 4]);
    let pids: Vec<u32> = dones.values().map(pid).collect();
    let mut different = pids[..4].to_vec();
    different.sort_unstable();
    different.dedup();
    assert_eq!((different.len(), pids[4]), (4, pids[3]), "{pids:?}");
    // Those before were gone before the next began.
    assert!(pids[..3].iter().all(|pid| process(*pid).is_none()), "{pids:?}");
}

fn one_of_four_hangs_and_the_others_answer() {
    let mut tasks = vec![soon(task(0, "hangs", json!("hang")))];
    for (lane, name) in (1..).zip(["a", "b", "c"]) {
        tasks.extend((0..5).map(|n| task(lane * 10 + n, name, json!("answer"))));
    }
    let (dones, _) = run(tasks);
    assert_eq!(dones.len(), 16);
    assert!(loss(&dones[&0])["hung"]["after"].is_object(), "{}", dones[&0]);
    assert_eq!(code(&dones[&0]), "device.hung");
    assert_eq!(dones.values().skip(1).map(pid).collect::<std::collections::BTreeSet<_>>().len(), 3);
}

/// It hangs with all signals blocked: SIGTERM would not do.
fn what_comes_after_a_hang_is_not_begun() {
    let mut door = helper();
    door.submit(task(0, "a", json!("answer")));
    door.submit(soon(task(1, "a", json!("hang"))));
    door.submit(task(2, "a", json!("answer")));
    let (dones, order) = all(&mut door);
    assert_eq!(order, [0, 1, 2]);
    assert_eq!(loss(&dones[&2]), "skipped");
    until("the end of the worker that hung", || is_gone(pid(&dones[&0])));
    // Neither is what is given to it later, and the helper goes on.
    door.submit(task(3, "a", json!("answer")));
    door.submit(task(4, "b", json!("answer")));
    let (dones, _) = all(&mut door);
    assert_eq!(loss(&dones[&3]), "skipped");
    assert_eq!(code(&dones[&3]), "device.hung");
    pid(&dones[&4]);
}

fn a_crash_costs_one_task() {
    for (signal, name) in [(SIGSEGV, "SIGSEGV"), (SIGABRT, "SIGABRT"), (SIGKILL, "SIGKILL"), (15, "SIGTERM")]
    {
        let crash = json!({"raise": {"signal": signal}});
        let (dones, order) =
            run([task(0, "a", json!("answer")), task(1, "a", crash), task(2, "a", json!("answer"))]);
        assert_eq!(order, [0, 1, 2]);
        assert_eq!(loss(&dones[&1]), &json!({"crashed": {"signal": signal}}));
        assert_eq!(code(&dones[&1]), "driver.crashed");
        assert!(evidence(&dones[&1]).contains(name), "{}", dones[&1]);
        assert_ne!(pid(&dones[&0]), pid(&dones[&2]));
    }
}

fn an_exit_costs_one_task() {
    for status in [0, 3] {
        let exit = json!({"exit": {"status": status}});
        let (dones, _) = run([task(0, "a", exit), task(1, "a", json!("answer"))]);
        assert_eq!(loss(&dones[&0]), &json!({"left": {"status": status}}));
        pid(&dones[&1]);
    }
}

fn eating_memory_costs_one_task() {
    let limit = 64_u64 << 20;
    let eat = |id, step: u64, limit: u64| {
        but(task(id, "a", json!({"eat": {"step": step}})), "memory", json!(limit))
    };
    // In small steps the supervisor sees it. The large one is more than the kernel gives, and the driver aborts; what that
    // takes to say where it was must fit.
    let (dones, _) = run([
        eat(0, 1 << 20, limit),
        task(1, "a", json!("answer")),
        eat(2, 16 << 30, 1 << 30),
        task(3, "a", json!("answer")),
    ]);
    let bytes = loss(&dones[&0])["memory"]["bytes"].as_u64().unwrap();
    assert!(bytes > limit, "{bytes}");
    assert_eq!(code(&dones[&0]), "driver.memory_exhausted");
    assert_eq!(loss(&dones[&2]), &json!({"crashed": {"signal": SIGABRT}}));
    assert_ne!(pid(&dones[&1]), pid(&dones[&3]));
}

fn a_panic_costs_one_task() {
    let (dones, _) =
        run([task(0, "a", json!("answer")), task(1, "a", json!("panic")), task(2, "a", json!("answer"))]);
    assert_eq!(loss(&dones[&1]), &json!({"helper": {"why": "a panic: a drill"}}));
    assert_eq!(pid(&dones[&0]), pid(&dones[&2]));
}

fn what_drivers_print_is_no_answer() {
    let words = "{\"id\":7}\n".repeat(20_000);
    let say = |id| task(id, "a", json!({"say": {"text": format!("{words}its last words")}}));
    let crash = task(2, "a", json!({"raise": {"signal": SIGSEGV}}));
    let talk = task(3, "a", json!({"say": {"text": "of the next worker"}}));
    let (dones, _) = run([say(0), say(1), crash, talk]);
    assert_eq!(pid(&dones[&0]), pid(&dones[&1]));
    // Of a crash they are evidence; what was said before another task is not.
    assert!(!evidence(&dones[&2]).contains("its last words"), "{}", dones[&2]);
    pid(&dones[&3]);
    let (dones, _) = run([task(0, "a", json!("panic")), task(1, "a", json!({"exit": {"status": 1}}))]);
    assert!(!evidence(&dones[&1]).contains("a drill"), "{}", dones[&1]);
}

fn a_large_task_and_many_tasks_pass() {
    let large = |id| task(id, "a", json!({"say": {"text": "x".repeat(300_000)}}));
    let tasks = (0..3).map(large).chain((3..500).map(|id| task(id, "a", json!("answer"))));
    let (dones, order) = run(tasks);
    assert_eq!(dones.len(), 500);
    assert!(order.is_sorted());
    let first = pid(&dones[&0]);
    assert!(dones.values().all(|done| pid(done) == first));
}

fn a_worker_that_does_not_leave_is_ended() {
    let mut door: Door = helper();
    door.submit(but(task(0, "a", json!("linger")), "alone", json!(true)));
    door.submit(task(1, "a", json!("answer")));
    door.submit(task(2, "b", json!("linger")));
    let (dones, _) = all(&mut door);
    assert!(is_gone(pid(&dones[&0])), "the lane went on with another worker");
    assert_ne!(pid(&dones[&0]), pid(&dones[&1]));
    drop(door);
    assert!(dones.values().all(|done| is_gone(pid(done))));
}

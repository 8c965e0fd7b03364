//! The plan against what grouping means, on random batches: rows in order of first occurrence, positions in order.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// Rows and their positions, as a plan has them.
type Grouping = Vec<(u32, Vec<u32>)>;

fn naive(ids: &[u32]) -> Grouping {
    let mut slots = HashMap::new();
    let mut grouping = Grouping::new();
    for (position, &id) in ids.iter().enumerate() {
        let slot = *slots.entry(id).or_insert(grouping.len());
        if slot == grouping.len() {
            grouping.push((id, Vec::new()));
        }
        grouping[slot].1.push(position as u32);
    }
    grouping
}

fn planned(plan: &mut Plan, ids: &[u32]) -> Grouping {
    plan.reserve(ids.len()).unwrap();
    // SAFETY: the tests' ids are below the rows of their plans.
    unsafe { plan.group(ids) };
    grouping_of(plan)
}

fn grouping_of(plan: &Plan) -> Grouping {
    let groups = plan.groups();
    (0..groups.len()).map(|slot| (groups.row(slot), groups.occurrences(slot).positions().to_vec())).collect()
}

/// Batches over 5,000 rows, some of them crowded onto few rows.
fn batches() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let spread = prop_oneof![Just(1u32), Just(3), Just(40), Just(5000)];
    let batch = spread.prop_flat_map(|rows| prop::collection::vec(0..rows, 0..700));
    prop::collection::vec(batch, 1..6)
}

proptest! {
    #[test]
    fn a_plan_that_is_taken_over_is_the_same_and_leaves_no_trace(batches in batches(), taken in any::<u32>()) {
        let (mut own, mut other) = (Plan::new(5000).unwrap(), Plan::new(5000).unwrap());
        for (number, ids) in batches.iter().enumerate() {
            if taken >> number & 1 == 0 {
                prop_assert_eq!(planned(&mut own, ids), naive(ids));
                continue;
            }
            planned(&mut other, ids);
            own.reserve(ids.len()).unwrap();
            own.copy_from(&other);
            prop_assert_eq!(grouping_of(&own), naive(ids));
        }
    }
}

proptest! {
    #[test]
    fn a_batch_is_grouped_by_first_occurrence(batches in batches()) {
        let mut plan = Plan::new(5000).unwrap();
        for ids in &batches {
            prop_assert_eq!(planned(&mut plan, ids), naive(ids));
        }
    }

    #[test]
    fn shares_are_disjoint_complete_and_about_equal(ids in prop::collection::vec(0u32..5000, 0..3000), shares in 1usize..40) {
        let mut plan = Plan::new(5000).unwrap();
        planned(&mut plan, &ids);
        let groups = plan.groups();
        let ranges: Vec<_> = (0..shares).map(|number| groups.share(number, shares)).collect();
        prop_assert_eq!(ranges.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..groups.len()).collect::<Vec<_>>());
        let occurrences = |slot: usize| groups.occurrences(slot).len();
        let most = (0..groups.len()).map(occurrences).max().unwrap_or(0);
        for range in ranges {
            prop_assert!(range.map(occurrences).sum::<usize>() <= ids.len() / shares + 1 + most);
        }
    }

    #[test]
    fn the_first_bad_id_is_named(mut ids in prop::collection::vec(0u32..100, 1..300), at in any::<prop::sample::Index>(), bad in 100u32..) {
        prop_assert_eq!(check_ids(&ids, 100, false), Ok(()));
        let position = at.index(ids.len());
        ids[position] = bad;
        prop_assert_eq!(check_ids(&ids, 100, false), Err(Error::IdOutOfRange { position, id: bad.into(), rows: 100 }));
        prop_assert_eq!(check_ids(&ids, 100, true), Err(Error::IdOutOfRange { position, id: (bad as i32).into(), rows: 100 }));
    }
}

#[test]
fn keys_of_an_old_epoch_do_not_come_back() {
    let mut plan = Plan::new(10).unwrap();
    let ids = [3, 3, 7];
    assert_eq!(planned(&mut plan, &ids), naive(&ids));
    plan.epoch = u32::MAX;
    assert_eq!(planned(&mut plan, &ids), naive(&ids));
    assert_eq!(plan.epoch, 1);
    assert_eq!(planned(&mut plan, &[7]), naive(&[7]));
}

#[test]
fn negative_int32_ids_are_refused_however_large_the_table() {
    let minus_two = (-2i32) as u32;
    assert_eq!(check_ids(&[minus_two], u32::MAX, true), Err(Error::IdOutOfRange { position: 0, id: -2, rows: u32::MAX.into() }));
    assert_eq!(check_ids(&[minus_two], u32::MAX, false), Ok(()));
}

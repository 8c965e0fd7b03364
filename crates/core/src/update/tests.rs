//! What a fault inside the kernel does to a table.

use super::*;
use crate::options::Options;
use crate::parameters::{Parameter, Parameters};
use crate::pool::WORTH_SHARING;
use crate::rule::Coefficients;
use crate::table::Ids;
use crate::tally::Seen;

/// A rule that fails at one row.
#[derive(Clone)]
struct FailsAtRow7;

impl Rule for FailsAtRow7 {
    const NAME: &'static str = "fails";
    const PARAMETERS: &'static [Parameter] = &[];
    type Scalars = ();

    fn build(_: &Parameters) -> Result<Self> {
        Ok(Self)
    }
    fn begin(&self, _: &Step) {}
    fn coefficients(&self, (): &(), seen: &Seen, _: f32, _: &mut f32) -> Coefficients {
        assert_ne!(seen.row, 7, "a fault on purpose");
        [0.0; 4]
    }
}

#[test]
fn a_fault_in_a_step_poisons_the_table_on_one_thread_and_on_several() {
    for (threads, count) in [(1, 20), (2, WORTH_SHARING)] {
        let mut table = Table::new(Options { rows: 10, threads, ..Options::default() }).unwrap();
        let healthy = table.try_clone().unwrap();
        let (ids, gradients) = ((0..count as u32).map(|i| i % 10).collect::<Vec<_>>(), vec![1.0; count]);
        let failing = |table: &mut Table, ids: &[u32], gradients: Gradients| {
            let ready = prepare(table, ids, gradients, None, table.threads, None)?;
            run(table, &FailsAtRow7, gradients, ready)
        };
        let ids = Ids::from(&ids[..]);
        assert_eq!(table.update_with(failing, ids, &gradients, 1.0), Err(Error::Poisoned));

        let (mut floats, mut doubles) = ([0.0; 10], [0.0; 10]);
        let one = Ids::from(&[0][..]);
        assert_eq!(table.update(one, &[1.0], 1.0), Err(Error::Poisoned));
        assert_eq!(table.lookup(one, &mut floats[..1]), Err(Error::Poisoned));
        assert_eq!(table.set_rows(one, &[1.0]), Err(Error::Poisoned));
        assert_eq!(table.reset_rows(one), Err(Error::Poisoned));
        assert_eq!(table.tallies(None, &mut doubles), Err(Error::Poisoned));
        assert_eq!(table.rates(one, &mut floats[..1]), Err(Error::Poisoned));
        assert_eq!(table.fingerprint(), Err(Error::Poisoned));
        assert_eq!(table.step(), Err(Error::Poisoned));
        assert_eq!(table.lr(), Err(Error::Poisoned));
        assert_eq!(table.set_lr(1.0), Err(Error::Poisoned));
        assert_eq!(table.memory(), Err(Error::Poisoned));
        assert!(table.try_clone().is_err());
        assert!(healthy.fingerprint().is_ok());
    }
}

//! The machine against finite differences, a plain loop, and itself at other thread counts and instruction sets.

use tallygrad_core::init::Init;
use tallygrad_core::lanes::Simd;
use tallygrad_core::options::Options;
use tallygrad_core::table::{Ids, Table};
use tallygrad_models::loss::Loss;
use tallygrad_models::machine::{Batch, Machine, Shape, Truth};

const ROWS: u32 = 40;

/// A small generator of numbers, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, bound: u32) -> u32 {
        (self.next() % u64::from(bound)) as u32
    }

    fn float(&mut self) -> f32 {
        self.next() as f32 / (1u64 << 31) as f32 * 2.0 - 1.0
    }
}

/// A machine with its tables.
struct Model {
    machine: Machine,
    vectors: Table,
    biases: Table,
    layers: Vec<Table>,
}

fn table(rows: u32, dim: usize, rule: &str, scale: f64, seed: u64, threads: usize) -> Table {
    let init = Init::Normal { scale };
    Table::new(Options { rows, dim, rule, init, seed, threads, ..Options::default() }).unwrap()
}

impl Model {
    fn new(fields: usize, dim: usize, loss: Loss, hidden: &[usize], threads: usize) -> Self {
        let machine = Machine::new(Shape { fields, dim, loss, hidden: hidden.to_vec() }).unwrap();
        let layers = machine.layers().enumerate();
        let layers =
            layers.map(|(at, (inputs, units))| table(units as u32, inputs + 1, "adam", 0.5, 9 + at as u64, threads)).collect();
        Self {
            layers,
            machine,
            vectors: table(ROWS, dim, "tallygrad", 0.5, 1, threads),
            biases: table(ROWS, 1, "tallygrad", 0.5, 2, threads),
        }
    }

    fn read_layers(&mut self) {
        for (at, layer) in self.layers.iter().enumerate() {
            self.machine.read_layer(at, layer).unwrap();
        }
    }

    fn loss(&mut self, data: &Data) -> f64 {
        self.read_layers();
        let Self { machine, vectors, biases, .. } = self;
        machine.compute(vectors, biases, data.batch(), data.truth(), 0.25).unwrap()
    }

    fn step(&mut self, data: &Data) -> f64 {
        let loss = self.loss(data);
        let Self { machine, vectors, biases, layers } = self;
        let mut tables: Vec<&mut Table> = [vectors, biases].into_iter().chain(layers).collect();
        machine.apply(&data.ids, &mut tables).unwrap();
        loss
    }

    fn fingerprints(&self) -> Vec<String> {
        let tables = [&self.vectors, &self.biases].into_iter().chain(&self.layers);
        tables.map(|table| table.fingerprint().unwrap()).collect()
    }
}

struct Data {
    ids: Vec<u32>,
    offsets: Vec<u32>,
    factors: Vec<f32>,
    labels: Vec<f32>,
    weights: Vec<f32>,
}

impl Data {
    /// Bags of up to three values a field.
    fn bags(examples: usize, fields: usize, seed: u64) -> Self {
        let mut random = Random(seed);
        let mut data = Self { ids: vec![], offsets: vec![0], factors: vec![], labels: vec![], weights: vec![] };
        for _ in 0..examples {
            for _ in 0..fields {
                for _ in 0..random.below(4) {
                    data.ids.push(random.below(ROWS));
                    data.factors.push(random.float());
                }
                data.offsets.push(data.ids.len() as u32);
            }
            data.labels.push(random.below(2) as f32);
            data.weights.push(random.below(3) as f32);
        }
        data
    }

    fn batch(&self) -> Batch<'_> {
        Batch { ids: &self.ids, offsets: Some(&self.offsets), factors: Some(&self.factors) }
    }

    fn truth(&self) -> Truth<'_> {
        Truth { labels: &self.labels, weights: Some(&self.weights) }
    }
}

fn weights_of(table: &Table) -> Vec<f32> {
    let ids: Vec<u32> = (0..table.rows()).collect();
    let mut weights = vec![0.0; ids.len() * table.dim()];
    table.lookup(Ids::from(&ids[..]), &mut weights).unwrap();
    weights
}

fn set(table: &mut Table, weights: &[f32]) {
    let ids: Vec<u32> = (0..table.rows()).collect();
    table.set_rows(Ids::from(&ids[..]), weights).unwrap();
}

/// What one step of SGD with rate 1 takes off, which is the gradient of the summed loss.
fn gradients_by_step(fields: usize, dim: usize, loss: Loss, hidden: &[usize], data: &Data) -> Vec<Vec<f64>> {
    let mut model = Model::new(fields, dim, loss, hidden, 1);
    let sgd = |like: &Table, scale: f64| {
        let parameters = [scale, f64::NAN, f64::NAN, f64::NAN];
        let options = Options { rows: like.rows(), dim: like.dim(), rule: "sgd", parameters: &parameters, ..Options::default() };
        let mut table = Table::new(options).unwrap();
        set(&mut table, &weights_of(like));
        table
    };
    (model.vectors, model.biases) = (sgd(&model.vectors, 1.0), sgd(&model.biases, 1.0));
    // The network's gradients are divided by the number of examples.
    model.layers = model.layers.iter().map(|layer| sgd(layer, data.labels.len() as f64)).collect();
    let all = |model: &Model| -> Vec<Vec<f32>> {
        [&model.vectors, &model.biases].into_iter().chain(&model.layers).map(weights_of).collect()
    };
    let before = all(&model);
    model.step(data);
    let parts = before.iter().zip(all(&model));
    parts.map(|(before, after)| before.iter().zip(after).map(|(b, a)| f64::from(*b) - f64::from(a)).collect()).collect()
}

/// Moves every weight of every table a little, both ways.
fn check_by_differences(fields: usize, dim: usize, loss: Loss, hidden: &[usize]) {
    let data = Data::bags(12, fields, 5);
    let gradients = gradients_by_step(fields, dim, loss, hidden, &data);
    let mut model = Model::new(fields, dim, loss, hidden, 1);
    // Small, as the network has kinks.
    let h = 2e-3f32;
    for (which, gradients) in gradients.iter().enumerate() {
        let first = weights_of(pick(&mut model, which));
        let largest = gradients.iter().fold(0.0f64, |most, g| most.max(g.abs()));
        assert!(largest > 1e-3, "table {which} learns");
        for (at, gradient) in gradients.iter().enumerate() {
            let mut loss_at = |value: f32| {
                let mut weights = first.clone();
                weights[at] = value;
                set(pick(&mut model, which), &weights);
                model.loss(&data)
            };
            let (above, below) = (first[at] + h, first[at] - h);
            let difference = (loss_at(above) - loss_at(below)) / (f64::from(above) - f64::from(below));
            let error = (difference - gradient).abs();
            assert!(error < 2e-3 * (1.0 + largest), "table {which} weight {at}: {difference}, but {gradient}");
        }
        set(pick(&mut model, which), &first);
    }
}

fn pick(model: &mut Model, which: usize) -> &mut Table {
    match which {
        0 => &mut model.vectors,
        1 => &mut model.biases,
        layer => &mut model.layers[layer - 2],
    }
}

#[test]
fn gradients_of_the_machine_are_what_differences_say() {
    check_by_differences(3, 5, Loss::Logistic, &[]);
    check_by_differences(2, 11, Loss::Squared, &[]);
}

#[test]
fn gradients_of_the_network_are_what_differences_say() {
    check_by_differences(3, 4, Loss::Logistic, &[9, 5]);
    check_by_differences(2, 9, Loss::Squared, &[12]);
}

#[test]
fn predictions_are_what_pairs_come_to() {
    let (fields, dim) = (3, 6);
    let data = Data::bags(70, fields, 11);
    let mut model = Model::new(fields, dim, Loss::Squared, &[], 1);
    let (vectors, biases) = (weights_of(&model.vectors), weights_of(&model.biases));
    let mut out = vec![0.0; 70];
    model.machine.predict(&model.vectors, &model.biases, data.batch(), 0.25, &mut out).unwrap();
    for (example, &predicted) in out.iter().enumerate() {
        let range = data.offsets[example * fields] as usize..data.offsets[(example + 1) * fields] as usize;
        let mut expected = 0.25;
        for i in range.clone() {
            let (row, x) = (data.ids[i] as usize, f64::from(data.factors[i]));
            expected += x * f64::from(biases[row]);
            for j in i + 1..range.end {
                let other = data.ids[j] as usize;
                let products = (0..dim).map(|d| f64::from(vectors[row * dim + d]) * f64::from(vectors[other * dim + d]));
                expected += x * f64::from(data.factors[j]) * products.sum::<f64>();
            }
        }
        assert!((f64::from(predicted) - expected).abs() < 1e-5, "example {example}: {predicted}, but {expected}");
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_instructions() {
    for hidden in [&[][..], &[16, 7]] {
        let run = |threads: usize, simd: Option<Simd>| {
            let mut model = Model::new(4, 12, Loss::Logistic, hidden, threads);
            if let Some(simd) = simd {
                model.machine.set_simd(simd);
                [&mut model.vectors, &mut model.biases]
                    .into_iter()
                    .chain(&mut model.layers)
                    .for_each(|table| table.set_simd(simd));
            }
            let losses: Vec<f64> = (0..5).map(|step| model.step(&Data::bags(900, 4, step))).collect();
            (losses.iter().map(|loss| loss.to_bits()).collect::<Vec<_>>(), model.fingerprints())
        };
        let expected = run(1, None);
        for threads in [2, 3, 8] {
            assert_eq!(run(threads, None), expected);
        }
        assert_eq!(run(1, Some(Simd::baseline())), expected);
    }
}

#[test]
fn a_field_of_one_row_is_a_bag_of_one() {
    let mut random = Random(3);
    let ids: Vec<u32> = (0..300).map(|_| random.below(ROWS)).collect();
    let labels: Vec<f32> = (0..100).map(|_| random.below(2) as f32).collect();
    let offsets: Vec<u32> = (0..=300).collect();
    let (mut plain, mut bags) = (Model::new(3, 8, Loss::Logistic, &[], 1), Model::new(3, 8, Loss::Logistic, &[], 1));
    let truth = Truth { labels: &labels, weights: None };
    let losses = [(&mut plain, None), (&mut bags, Some(&offsets[..]))].map(|(model, offsets)| {
        let batch = Batch { ids: &ids, offsets, factors: None };
        let loss = model.machine.compute(&model.vectors, &model.biases, batch, truth, 0.0).unwrap();
        model.machine.apply(&ids, &mut [&mut model.vectors, &mut model.biases]).unwrap();
        loss
    });
    assert_eq!(losses[0], losses[1]);
    assert_eq!(plain.fingerprints(), bags.fingerprints());
}

#[test]
fn what_cannot_be_learned_from_changes_nothing() {
    let mut model = Model::new(1, 2, Loss::Squared, &[], 1);
    let before = model.fingerprints();
    let truth = Truth { labels: &[f32::MAX], weights: Some(&[f32::MAX]) };
    let batch = Batch { ids: &[1], offsets: None, factors: None };
    let Model { machine, vectors, biases, .. } = &mut model;
    let outcome = machine.compute(vectors, biases, batch, truth, 0.0).and_then(|_| machine.apply(&[1], &mut [vectors, biases]));
    assert_eq!(outcome.unwrap_err().code(), "ERR_NON_FINITE");
    let out_of_range = Batch { ids: &[ROWS], ..batch };
    let truth = Truth { labels: &[0.0], weights: None };
    assert_eq!(machine.compute(vectors, biases, out_of_range, truth, 0.0).unwrap_err().code(), "ERR_ID_OUT_OF_RANGE");
    assert_eq!(model.fingerprints(), before);
}

#[test]
fn a_batch_without_examples_has_no_loss() {
    for hidden in [&[][..], &[4]] {
        let mut model = Model::new(2, 3, Loss::Logistic, hidden, 2);
        let data = Data::bags(0, 2, 1);
        model.read_layers();
        assert_eq!(model.loss(&data), 0.0);
    }
}

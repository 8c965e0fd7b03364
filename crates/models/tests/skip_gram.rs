//! Skip-gram against a plain loop and finite differences of the loss that it stands for, and against itself at other cuts and thread counts.

use tallygrad_core::init::Init;
use tallygrad_core::lanes::Simd;
use tallygrad_core::options::Options;
use tallygrad_core::table::{Ids, Table};
use tallygrad_models::skip_gram::{Settings, SkipGram};

const WORDS: usize = 60;

fn counts() -> Vec<f64> {
    (1..=WORDS).map(|rank| (1000 / rank) as f64).collect()
}

fn model(dim: usize, window: usize, negatives: usize, subsample: f64) -> SkipGram {
    let counts = counts();
    SkipGram::new(&Settings { dim, window, negatives, subsample, power: 0.75, counts: &counts, seed: 7 }).unwrap()
}

fn table(dim: usize, rule: &str, lr: f64, seed: u64, threads: usize) -> Table {
    let parameters = if rule == "sgd" { vec![lr, f64::NAN, f64::NAN, f64::NAN] } else { vec![] };
    let init = Init::Normal { scale: 0.3 };
    let options = Options { rows: WORDS as u32, dim, rule, parameters: &parameters, init, seed, threads, ..Options::default() };
    Table::new(options).unwrap()
}

/// Words that are more frequent the lower they are.
fn text(length: usize, seed: u64) -> Vec<u32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as u32
    };
    (0..length).map(|_| (next() % WORDS as u32) * (next() % WORDS as u32) / WORDS as u32).collect()
}

fn weights_of(table: &Table) -> Vec<f32> {
    let ids: Vec<u32> = (0..table.rows()).collect();
    let mut weights = vec![0.0; ids.len() * table.dim()];
    table.lookup(Ids::from(&ids[..]), &mut weights).unwrap();
    weights
}

type Windows = Vec<(Vec<u32>, Vec<u32>)>;

/// The loss of all pairs and negatives, as its definition says.
fn loss(windows: &Windows, inputs: &[f64], outputs: &[f64], dim: usize) -> f64 {
    let mut sum = 0.0;
    for (window, targets) in windows {
        for &word in window {
            for (number, &target) in targets.iter().enumerate() {
                let row = |table: &[f64], row: u32, d: usize| table[row as usize * dim + d];
                let product: f64 = (0..dim).map(|d| row(inputs, word, d) * row(outputs, target, d)).sum();
                sum += (1.0 + (if number == 0 { -product } else { product }).exp()).ln();
            }
        }
    }
    sum
}

#[test]
fn gradients_are_what_differences_of_the_loss_say() {
    for (dim, window, negatives) in [(5, 3, 4), (8, 2, 1), (19, 0, 2)] {
        let mut model = model(dim, window, negatives, 0.0);
        let (mut inputs, mut outputs) = (table(dim, "sgd", 1.0, 1, 1), table(dim, "sgd", 1.0, 2, 1));
        let before = [weights_of(&inputs), weights_of(&outputs)];
        let words = text(40, 3);
        model.compute(&inputs, &outputs, &words, &[0, 12, 13, 40], 1000).unwrap();
        let windows: Windows = model.windows().map(|(window, targets)| (window.to_vec(), targets.to_vec())).collect();
        model.apply(&mut inputs, &mut outputs).unwrap();
        let after = [weights_of(&inputs), weights_of(&outputs)];
        let exact: Vec<Vec<f64>> = before.iter().map(|weights| weights.iter().map(|&w| w.into()).collect()).collect();
        for which in 0..2 {
            for at in 0..WORDS * dim {
                let h = 1e-4;
                let loss_at = |change: f64| {
                    let mut weights = exact.clone();
                    weights[which][at] += change;
                    loss(&windows, &weights[0], &weights[1], dim)
                };
                let difference = (loss_at(h) - loss_at(-h)) / (2.0 * h);
                let gradient = f64::from(before[which][at]) - f64::from(after[which][at]);
                assert!((difference - gradient).abs() < 2e-5, "table {which} weight {at}: {difference}, but {gradient}");
            }
        }
    }
}

#[test]
fn windows_are_of_a_sentence_and_negatives_of_other_words() {
    let mut model = model(4, 3, 5, 0.0);
    let (inputs, outputs) = (table(4, "tallygrad", 0.0, 1, 1), table(4, "tallygrad", 0.0, 2, 1));
    let words: Vec<u32> = (0..50).collect();
    model.compute(&inputs, &outputs, &words, &[0, 20, 21, 50], 0).unwrap();
    let mut lengths = [0; 7];
    let mut predicted = Vec::new();
    for (window, targets) in model.windows() {
        let word = targets[0];
        predicted.push(word);
        assert!(targets[1..].iter().all(|&negative| negative != word && (negative as usize) < WORDS));
        let sentence = if word < 20 { 0..20 } else { 21..50 };
        assert!(window.iter().all(|other| sentence.contains(other) && *other != word && other.abs_diff(word) <= 3));
        assert!(window.is_sorted());
        lengths[window.len()] += 1;
    }
    // All but the word that is alone.
    assert_eq!(predicted, (0..50).filter(|&word| word != 20).collect::<Vec<_>>());
    // Windows of one, two and three words to each side, as likely each.
    assert!(lengths[2] > 5 && lengths[4] > 5 && lengths[6] > 5, "{lengths:?}");
}

#[test]
fn a_window_without_bounds_is_the_whole_sentence() {
    let mut model = model(4, 0, 1, 0.0);
    let (inputs, outputs) = (table(4, "tallygrad", 0.0, 1, 1), table(4, "tallygrad", 0.0, 2, 1));
    let words: Vec<u32> = (0..30).collect();
    model.compute(&inputs, &outputs, &words, &[0, 30], 0).unwrap();
    for (window, targets) in model.windows() {
        assert_eq!(window, words.iter().copied().filter(|&word| word != targets[0]).collect::<Vec<_>>());
    }
}

#[test]
fn frequent_words_are_thinned_out_as_much_as_their_share_says() {
    let (subsample, length) = (0.02, 20_000);
    let mut model = model(1, 1, 1, subsample);
    let (inputs, outputs) = (table(1, "tallygrad", 0.0, 1, 1), table(1, "tallygrad", 0.0, 2, 1));
    let total: f64 = counts().iter().sum();
    for word in [0, 5, 40] {
        model.compute(&inputs, &outputs, &vec![word as u32; length], &[0, length as u32], 0).unwrap();
        let kept = model.windows().count() as f64 / length as f64;
        let share = counts()[word] / total;
        let expected = ((subsample / share).sqrt() + subsample / share).min(1.0);
        assert!((kept - expected).abs() < 0.02, "word {word}: {kept}, but {expected}");
    }
}

#[test]
fn negatives_come_in_proportion_to_counts_to_a_power() {
    let mut model = model(1, 1, 5, 0.0);
    let (inputs, outputs) = (table(1, "tallygrad", 0.0, 1, 1), table(1, "tallygrad", 0.0, 2, 1));
    // A rare word, so that what is drawn anew because it is the word itself hardly matters.
    let words = vec![WORDS as u32 - 1; 40_000];
    model.compute(&inputs, &outputs, &words, &[0, 40_000], 0).unwrap();
    let mut drawn = [0.0; WORDS];
    model.windows().flat_map(|(_, targets)| &targets[1..]).for_each(|&word| drawn[word as usize] += 1.0);
    let weights: Vec<f64> = counts().iter().map(|count| count.powf(0.75)).collect();
    let total: f64 = weights[..WORDS - 1].iter().sum();
    for (word, weight) in weights[..WORDS - 1].iter().enumerate() {
        let (share, expected): (f64, f64) = (drawn[word] / 200_000.0, weight / total);
        // Four standard deviations.
        assert!((share - expected).abs() < 4.0 * (expected / 200_000.0).sqrt(), "word {word}: {share}, but {expected}");
    }
}

fn trained(threads: usize, simd: Option<Simd>, cuts: &[usize]) -> [String; 2] {
    let mut model = model(20, 4, 5, 0.05);
    let (mut inputs, mut outputs) = (table(20, "tallygrad", 0.0, 1, threads), table(20, "tallygrad", 0.0, 2, threads));
    if let Some(simd) = simd {
        model.set_simd(simd);
        inputs.set_simd(simd);
        outputs.set_simd(simd);
    }
    let words = text(3000, 9);
    let mut place = 0;
    for &cut in cuts {
        let starts: Vec<u32> = (place..=cut).step_by(50).map(|at| (at - place) as u32).collect();
        model.compute(&inputs, &outputs, &words[place..cut], &starts, place as u64).unwrap();
        model.apply(&mut inputs, &mut outputs).unwrap();
        place = cut;
    }
    [inputs.fingerprint().unwrap(), outputs.fingerprint().unwrap()]
}

#[test]
fn bits_do_not_depend_on_threads_or_instructions() {
    let cuts = [1000, 2000, 3000];
    let expected = trained(1, None, &cuts);
    for threads in [2, 3, 8] {
        assert_eq!(trained(threads, None, &cuts), expected);
    }
    assert_eq!(trained(1, Some(Simd::baseline()), &cuts), expected);
}

#[test]
fn draws_do_not_depend_on_batches() {
    let words = text(600, 4);
    let starts: Vec<u32> = (0..=600).step_by(50).collect();
    let (inputs, outputs) = (table(3, "tallygrad", 0.0, 1, 1), table(3, "tallygrad", 0.0, 2, 1));
    let windows = |cuts: &[usize]| -> Windows {
        let mut model = model(3, 3, 2, 0.03);
        let mut all = Vec::new();
        for cut in cuts.windows(2) {
            let part: Vec<u32> =
                starts.iter().filter(|&&at| (cut[0]..=cut[1]).contains(&(at as usize))).map(|at| at - cut[0] as u32).collect();
            model.compute(&inputs, &outputs, &words[cut[0]..cut[1]], &part, cut[0] as u64).unwrap();
            all.extend(model.windows().map(|(window, targets)| (window.to_vec(), targets.to_vec())));
        }
        all
    };
    assert_eq!(windows(&[0, 600]), windows(&[0, 50, 400, 600]));
}

#[test]
fn nothing_to_learn_from_is_a_step_all_the_same() {
    let mut model = model(3, 2, 2, 0.0);
    let (mut inputs, mut outputs) = (table(3, "tallygrad", 0.0, 1, 1), table(3, "tallygrad", 0.0, 2, 1));
    for (words, starts) in [(&[][..], &[0][..]), (&[1, 2][..], &[0, 1, 2][..])] {
        let outcome = model.compute(&inputs, &outputs, words, starts, 0).unwrap();
        assert_eq!((outcome.loss, outcome.pairs), (0.0, 0.0));
        model.apply(&mut inputs, &mut outputs).unwrap();
    }
    assert_eq!(inputs.step().unwrap(), 2);
    assert_eq!(model.compute(&inputs, &outputs, &[WORDS as u32], &[0, 1], 0).unwrap_err().code(), "ERR_ID_OUT_OF_RANGE");
}

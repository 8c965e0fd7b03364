//! N-API doors to vocabularies, like those to tables.

use napi::bindgen_prelude::{Env, ObjectFinalize, Uint8Array, Uint8ArraySlice, Uint32Array, Uint32ArraySlice};
use napi_derive::napi;
use tallygrad_core::checkpoint::Part;
use tallygrad_core::vocabulary::{KeyBatch, RestoringVocabulary, Vocabulary, VocabularyOptions, VocabularyProgress};

use crate::{Error, Result, thrown};

/// A new vocabulary's options, checked and with defaults filled in by the facade.
#[napi(object)]
pub struct VocabularyGiven {
    /// Rows, with the shared one.
    pub capacity: u32,
    /// `admission.type`, or "all".
    pub admission: String,
    /// `admission.least`.
    pub least: u32,
    /// `admission.candidates` or `admission.counters`.
    pub size: u32,
    /// `admission.probability`.
    pub probability: f64,
    /// `eviction.type`, or "none".
    pub eviction: String,
    /// `eviction.exponent` or `eviction.steps`.
    pub amount: f64,
    /// Seed.
    pub seed: f64,
}

impl VocabularyGiven {
    fn options(&self) -> VocabularyOptions {
        let Self { capacity, admission, least, size, probability, eviction, amount, seed } = self;
        VocabularyOptions::named(*capacity, admission, *least, *size, *probability, eviction, *amount, *seed as u64)
    }
}

/// A vocabulary in native memory.
#[napi(custom_finalize)]
pub struct NativeVocabulary {
    /// Nothing once it is disposed.
    vocabulary: Option<Vocabulary>,
    /// Bytes that the JavaScript engine was told about.
    told: i64,
}

impl ObjectFinalize for NativeVocabulary {
    fn finalize(mut self, env: Env) -> napi::Result<()> {
        self.vocabulary = None;
        env.adjust_external_memory(-self.told).map(|_| ())
    }
}

#[napi]
impl NativeVocabulary {
    /// An empty one.
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, options: VocabularyGiven) -> Result<Self> {
        Ok(Self::holding(env, Vocabulary::new(options.options()).map_err(thrown)?))
    }

    fn holding(env: Env, vocabulary: Vocabulary) -> Self {
        let mut native = Self { vocabulary: Some(vocabulary), told: 0 };
        native.tell(env);
        native
    }

    fn tell(&mut self, env: Env) {
        let held = self.vocabulary.as_ref().map_or(0, |vocabulary| vocabulary.bytes() as i64);
        // A failure means that the environment is going away, and with it the reason to tell.
        if held != self.told && env.adjust_external_memory(held - self.told).is_ok() {
            self.told = held;
        }
    }

    fn open(&self) -> Result<&Vocabulary> {
        self.vocabulary.as_ref().ok_or_else(disposed)
    }

    fn open_mut(&mut self) -> Result<&mut Vocabulary> {
        self.vocabulary.as_mut().ok_or_else(disposed)
    }

    /// Rows of keys, new ones among them.
    #[napi(catch_unwind)]
    pub fn rows(&mut self, env: Env, bytes: &[u8], ends: &[u32], mut out: Uint32ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open_mut()?.rows(KeyBatch { bytes, ends }, out).map_err(thrown)?;
        self.tell(env);
        Ok(())
    }

    /// Rows of keys that have one.
    #[napi(catch_unwind)]
    pub fn lookup(&self, bytes: &[u8], ends: &[u32], mut out: Uint32ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.lookup(KeyBatch { bytes, ends }, out).map_err(thrown)
    }

    /// Rows that the last batch gave to other keys.
    #[napi]
    pub fn reused(&self) -> Result<Uint32Array> {
        Ok(Uint32Array::from(self.open()?.reused()))
    }

    /// The bytes of a row's key.
    #[napi]
    pub fn key(&self, row: u32) -> Result<Option<Uint8Array>> {
        Ok(self.open()?.key(row).map(Uint8Array::from))
    }

    /// Keys that have a row.
    #[napi(getter)]
    pub fn size(&self) -> Result<f64> {
        Ok(self.open()?.len() as f64)
    }

    /// Batches so far.
    #[napi(getter)]
    pub fn step(&self) -> Result<f64> {
        Ok(self.open()?.step() as f64)
    }

    /// Bytes held.
    #[napi(getter)]
    pub fn memory(&self) -> Result<f64> {
        Ok(self.open()?.bytes() as f64)
    }

    /// Makes room for more rows.
    #[napi(catch_unwind)]
    pub fn grow(&mut self, capacity: u32) -> Result<()> {
        self.open_mut()?.grow(capacity).map_err(thrown)
    }

    /// SHA-256 in hex.
    #[napi(catch_unwind)]
    pub fn fingerprint(&self) -> Result<String> {
        Ok(self.open()?.fingerprint())
    }

    /// The arrays that are saved, as JSON.
    #[napi]
    pub fn parts(&self) -> Result<String> {
        Ok(Part::all_to_json(&self.open()?.parts()))
    }

    /// The numbers that are saved.
    #[napi]
    pub fn progress(&self) -> Result<Vec<f64>> {
        Ok(self.open()?.progress().numbers().to_vec())
    }

    /// Items of an array that is saved, from the first one on.
    #[napi(catch_unwind)]
    pub fn read_part(&self, part: u32, first: f64, mut out: Uint8ArraySlice) -> Result<()> {
        // SAFETY: the facade hands in an array that nothing else uses during the call.
        let out = unsafe { out.as_mut() };
        self.open()?.read_part(part as usize, first as u64, out);
        Ok(())
    }

    /// An independent copy.
    #[napi(catch_unwind)]
    pub fn copy(&self, env: Env) -> Result<NativeVocabulary> {
        Ok(Self::holding(env, self.open()?.try_clone().map_err(thrown)?))
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self, env: Env) {
        self.vocabulary = None;
        self.tell(env);
    }
}

/// A vocabulary whose arrays are on their way.
#[napi]
pub struct NativeRestoringVocabulary(Option<RestoringVocabulary>);

#[napi]
impl NativeRestoringVocabulary {
    /// A vocabulary with these options and what [`NativeVocabulary::progress`] gave.
    #[napi(constructor, catch_unwind)]
    pub fn new(options: VocabularyGiven, progress: Vec<f64>) -> Result<Self> {
        let numbers = progress.try_into().expect("the facade passes seven numbers");
        let restoring = RestoringVocabulary::new(options.options(), VocabularyProgress::from_numbers(numbers));
        restoring.map(|restoring| Self(Some(restoring))).map_err(thrown)
    }

    /// The arrays that must come, as JSON.
    #[napi]
    pub fn parts(&self) -> Result<String> {
        Ok(Part::all_to_json(&self.0.as_ref().ok_or_else(disposed)?.parts()))
    }

    /// Takes on whole items of the array that is next.
    #[napi(catch_unwind)]
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.as_mut().ok_or_else(disposed)?.write(bytes).map_err(thrown)
    }

    /// The vocabulary, once all of it is there.
    #[napi(catch_unwind)]
    pub fn finish(&mut self, env: Env) -> Result<NativeVocabulary> {
        let vocabulary = self.0.take().ok_or_else(disposed)?.finish().map_err(thrown)?;
        Ok(NativeVocabulary::holding(env, vocabulary))
    }

    /// Gives the memory back.
    #[napi]
    pub fn dispose(&mut self) {
        self.0 = None;
    }
}

fn disposed() -> Error {
    Error::new("ERR_DISPOSED", "the vocabulary has been disposed".to_owned())
}

//! Any function of the interface called with words: what tests need that hand garbage to all of them.

use std::ffi::c_void;

use hwenc_capi::{hwenc_log_callback, hwenc_progress_callback};

/// A parameter from a word of 64 bits.
pub(crate) trait FromWord {
    fn from_word(word: u64) -> Self;
}

/// A word from a result.
pub(crate) trait IntoWord {
    fn into_word(self) -> u64;
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl FromWord for $number {
            fn from_word(word: u64) -> Self {
                word as $number
            }
        }
        impl IntoWord for $number {
            fn into_word(self) -> u64 {
                self as u64
            }
        }
    )* };
}

numbers!(i32, u32, u64, usize);

impl FromWord for f64 {
    fn from_word(word: u64) -> Self {
        f64::from_bits(word)
    }
}

impl<T> FromWord for *const T {
    fn from_word(word: u64) -> Self {
        word as usize as *const T
    }
}

impl<T> FromWord for *mut T {
    fn from_word(word: u64) -> Self {
        word as usize as *mut T
    }
}

impl<T> IntoWord for *const T {
    fn into_word(self) -> u64 {
        self as usize as u64
    }
}

impl IntoWord for () {
    fn into_word(self) -> u64 {
        0
    }
}

macro_rules! callbacks {
    ($($callback:ty),*) => { $(
        impl FromWord for $callback {
            fn from_word(word: u64) -> Self {
                // SAFETY: the tests hand over none, or one of this type.
                unsafe { std::mem::transmute::<*const c_void, $callback>(word as usize as *const c_void) }
            }
        }
    )* };
}

callbacks!(hwenc_log_callback, hwenc_progress_callback);

/// A function of the interface.
pub(crate) trait Callable {
    /// How many parameters it has.
    fn parameters(&self) -> usize;

    /// Calls it.
    ///
    /// # Safety
    /// The words are what the function can be handed.
    unsafe fn call(&self, words: &[u64]) -> u64;
}

macro_rules! callable {
    ($count:literal: $($parameter:ident $at:literal),*) => {
        impl<R: IntoWord, $($parameter: FromWord),*> Callable for unsafe extern "C" fn($($parameter),*) -> R {
            fn parameters(&self) -> usize {
                $count
            }

            unsafe fn call(&self, _words: &[u64]) -> u64 {
                // SAFETY: the caller's word.
                unsafe { self($($parameter::from_word(_words[$at])),*) }.into_word()
            }
        }
    };
}

callable!(0: );
callable!(1: A 0);
callable!(2: A 0, B 1);
callable!(3: A 0, B 1, C 2);
callable!(4: A 0, B 1, C 2, D 3);
callable!(5: A 0, B 1, C 2, D 3, E 4);
callable!(6: A 0, B 1, C 2, D 3, E 4, F 5);

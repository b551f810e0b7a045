//! A shop.
use std::collections::{HashMap, hash_map::Entry as Slot};
use crate::money::{self, Amount, rates::*};
extern crate serde;
mod ledger;

/// How many.
pub const LIMIT: usize = 3;
static mut COUNT: u32 = 0;

/// Sold.
#[derive(Debug, Clone)]
pub struct Item<T: Named> {
    pub price: Amount,
    inner: T,
}

pub struct Pair(Amount, u8);

pub enum Level {
    Low,
    High(u8),
    Custom { weight: u32 },
}

pub trait Sell: Named + Priced {
    const RATE: u8;
    type Output;
    fn sell(&self, count: usize) -> Self::Output;
    fn free(&self) -> bool { check(self.price()) }
}

impl<T: Named> Sell for Item<T> {
    type Output = Amount;

    fn sell(&self, count: usize) -> Amount {
        let total = self.price.times(count);
        for part in self.parts.iter() {
            part.mark(LIMIT);
        }
        match level {
            Level::High(weight) => total + weight,
            other => log!("odd {}", other),
        }
        let add = |left, right| left + right + COUNT;
        Amount::from::<u8>(add(1, money::zero()))
    }
}

impl Pair {
    pub fn new(first: Amount) -> Self {
        Pair(first, 0)
    }
}

macro_rules! shout {
    ($text:expr) => { println!("{}", $text) };
}

mod tests {
    #[test]
    fn it_sells() {
        super::helper();
        shout!("x");
    }
}

type Prices = HashMap<String, Amount>;
union Bits { whole: u32, part: u8 }
fn helper() {}

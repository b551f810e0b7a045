module Shop.Seller (sell, Item(..)) where

import qualified Data.Map as Map
import Shop.Money (Amount, zero)

-- | Sold.
data Item = Item { price :: Amount, name :: String } | Nothing'
  deriving (Show)

newtype Total = Total Int
type Prices = Map.Map String Amount

class Sells a where
  sell :: a -> Amount

instance Sells Item where
  sell item = add (price item) zero

-- | Adds.
add :: Amount -> Amount -> Amount
add left right = combine left right
  where combine a b = a + b + limit

limit = 3

<?php
namespace Shop\Sales;

use Shop\Money\Amount;
use Shop\Items\{Item, Part as Piece};
use function Shop\round_up;

const RATE = 2;
define('LIMIT', 3);

/** Sells. */
#[Service]
abstract class Seller extends Person implements Sells, \Countable
{
    use Finds;
    public const MAX = 3;
    private ?Amount $price = null;
    public static int $count = 0;

    public function __construct(private Item $item, string ...$names)
    {
        parent::__construct($names);
        $this->price = new Amount(self::MAX);
    }

    // Sells one.
    public function sell(int $amount): Amount
    {
        $total = $this->price->times($amount);
        foreach ($this->parts() as $key => $part) {
            $total = round_up($part->weight + LIMIT);
        }
        try { check($total); } catch (ShopError $problem) { $problem->report(); }
        static::$count++;
        return Seller::make(fn($x) => $x + $amount)?->price;
    }

    abstract function close();
}

interface Sells extends Acts { const A = 1; public function sell(int $amount): Amount; }
trait Finds { function find() { return $this->all(); } }
enum Level: string { case Low = 'l'; case High = 'h'; }
function helper($value) { return strlen($value) . Level::High; }

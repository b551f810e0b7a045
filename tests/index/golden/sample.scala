package shop.sales

import shop.money.{Amount, Rate => R}
import shop.items._

/** Sells. */
@service
class Seller[T <: Item](val name: String, price: Amount) extends Person(name) with Sells {
  val limit = 3
  var total: Int = 0
  type Price = Amount

  // Sells one.
  def sell(item: T, count: Int = 1): Receipt = {
    val line = item.price.times(count)
    for (part <- item.parts) check(part.weight)
    item match {
      case other: Part => Receipt(line)
      case _ => new Receipt(limit)
    }
  }
}

trait Sells extends Acts { def sell(item: Item): Receipt }
object Seller { def apply(name: String) = new Seller(name, Amount.zero) }
case class Receipt(amount: Amount)
enum Level { case Low, High }

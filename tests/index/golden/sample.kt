package shop.sales

import shop.money.Rates
import shop.items.Item as Thing
import shop.all.*

const val LIMIT = 3
private val cache: Map<String, Thing> = mutableMapOf()

/** Sells things. */
@Service
class Seller(val name: String, private val rates: Rates) : Person(name), Sells {
    var total = 0
    private val lines by lazy { load() }

    init {
        register(this)
    }

    // Adds one.
    override fun sell(item: Thing): Receipt {
        val price = item.price()
        for (part in item.parts) {
            total += part.weight + LIMIT
        }
        return Receipt(price, rates.of(item)).also { receipt -> receipt.print() }
    }

    companion object {
        fun create(): Seller = Seller("x", Rates.default())
    }
}

data class Receipt(val amount: Int, val rate: Double)

interface Sells : Acts {
    fun sell(item: Thing): Receipt
}

enum class Level { LOW, HIGH }

object Registry {
    val all = listOf(LIMIT)
}

typealias Prices = Map<String, Int>

fun String.shout(times: Int = 1): String = uppercase().repeat(times)

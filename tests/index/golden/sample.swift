import Foundation
import struct Shop.Money

let limit = 3

/// Sells.
public class Seller<T: Item>: Person, Sells {
    private var total: Int = 0
    static let rate = 2

    init(name: String) {
        self.total = limit
    }

    // Sells one.
    func sell(_ item: T, count amount: Int = 1) throws -> Receipt {
        let price = item.price.times(amount)
        for part in item.parts {
            check(part.weight)
        }
        guard let first = find(price) else { return Receipt(price) }
        return first.map { line in line.total }
    }

    var size: Int { total + Seller.rate }
}

protocol Sells: Acts { func sell(_ item: Item) throws -> Receipt }
struct Receipt { let amount: Int }
enum Level { case low, high(Int) }
extension Seller { func close() {} }
typealias Prices = [String: Int]
func helper(value: Int) -> Int { return value }

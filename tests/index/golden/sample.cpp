#include <vector>
#include "shop/item.hpp"

using namespace std;
using money::Amount;

namespace shop::sales {

constexpr int kLimit = 3;

template <typename T>
class Seller : public Person, private Sells<T> {
public:
    Seller(const Amount &price) : price_(price), count_(0) {}
    virtual ~Seller() = default;

    // How much.
    int total() const { return price_.value() + count_ + helper(kLimit); }
    void sell(Item *item, int amount = 1);
    bool operator==(const Seller &other) const { return price_ == other.price_; }
    static int made;

private:
    Amount price_;
    int count_;
};

struct Point {
    double x, y;
    double length() const;
};

enum class Level { Low, High };
using Prices = std::vector<Amount>;

double Point::length() const
{
    auto sum = x * x;
    for (auto &part : parts()) {
        sum += part->weight + std::sqrt(y);
    }
    auto add = [&](int left) { return left + sum; };
    Seller<Item> seller{Amount(1)};
    seller.sell(new Item(), 2);
    return add(static_cast<int>(Level::High));
}

template <typename T> T largest(T left, T right) { return compare<T>(left, right); }

}

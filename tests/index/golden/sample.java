package shop.sales;

import java.util.List;
import static shop.money.Rates.TAX;
import shop.items.*;

/**
 * Sells things.
 */
@Service
public class Seller<T extends Item> extends Person implements Sells, Comparable<Seller> {
    public static final int LIMIT = 3;
    private List<T> items = new ArrayList<>(), others;

    /** Made by hand. */
    public Seller(String name, Money... coins) {
        super(name);
        this.items = List.of();
    }

    @Override
    public int compareTo(Seller other) {
        int result = Integer.compare(this.size(), other.size());
        for (T item : items) {
            item.price().add(TAX);
        }
        try (Reader reader = open()) {
            return result;
        } catch (ShopError problem) {
            problem.report(Level.HIGH);
        }
        return items.stream().map(each -> each.name()).map(Item::label).count() > LIMIT ? 1 : 0;
    }

    private static class Inner {
        int depth;
    }
}

interface Sells extends Acts {
    int RATE = 2;
    void sell(Item item);
}

enum Level implements Marked {
    LOW, HIGH(3);

    int weight() { return 1; }
}

record Point(int x, int y) implements Shape {
    double length() { return Math.sqrt(x * y); }
}

@interface Service {
    String value() default "";
}

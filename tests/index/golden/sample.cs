using System;
using Money = Shop.Money.Amount;
using static System.Math;

namespace Shop.Sales;

/// <summary>Sells.</summary>
[Serializable]
public class Seller<T> : Person, ISells where T : Item
{
    public const int Limit = 3;
    private readonly Money price, spare;
    public string Name { get; set; } = "x";
    public event EventHandler Sold;

    public Seller(Money price) : base(price)
    {
        this.price = price;
    }

    // Sells one.
    public async Task<int> Sell(Item item, params int[] counts)
    {
        var total = item.Price.Times(Limit);
        foreach (var count in counts)
        {
            total += count + Max(Limit, 2);
        }
        try { await Check(total); } catch (ShopException problem) { problem.Report(); }
        return new Receipt(total).Lines.Select(line => line.Size).Sum();
    }

    public int this[int index] => index;
    public static Seller<T> operator +(Seller<T> a, Seller<T> b) => a;
}

public interface ISells : IActs { Task<int> Sell(Item item, params int[] counts); }
public enum Level { Low, High = 2 }
public record Point(int X, int Y) : Shape;
public struct Pair { public int Left; }
public delegate void Handler(Item item);
